#include "lancea/io/byte_budget.h"

#include <algorithm>
#include <chrono>

namespace lancea {
namespace {

// A StopToken has nothing to wait on, so it is asked this often.
constexpr std::chrono::milliseconds kPollInterval{20};

// No ticket counts for more, so that 65,535 of them cannot wrap the sum.
constexpr uint64_t kMaxBytes = uint64_t{1} << 48;

}  // namespace

ByteBudget::Ticket& ByteBudget::Ticket::operator=(Ticket&& other) noexcept {
  if (this == &other) return *this;
  Release();
  budget_ = std::exchange(other.budget_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  priority_ = other.priority_;
  return *this;
}

void ByteBudget::Ticket::Release() {
  if (budget_ == nullptr) return;
  std::exchange(budget_, nullptr)->GiveBack(std::exchange(bytes_, 0), priority_);
}

void ByteBudget::Ticket::Resize(uint64_t bytes) {
  if (budget_ == nullptr) return;
  std::lock_guard lock(budget_->mutex_);
  bytes = std::min(bytes, kMaxBytes);
  budget_->used_ = budget_->used_ - bytes_ + bytes;
  bytes_ = bytes;
  budget_->AdmitWaiters();
}

bool ByteBudget::Admissible(uint64_t bytes, uint64_t priority) const {
  if (held_.empty() || priority <= *held_.begin()) return true;
  return used_ <= limit_ && bytes <= limit_ - used_;
}

void ByteBudget::Admit(uint64_t bytes, uint64_t priority) {
  used_ += bytes;
  held_.insert(priority);
}

void ByteBudget::AdmitWaiters() {
  while (!waiting_.empty()) {
    Waiter* first = *waiting_.begin();
    if (!Admissible(first->bytes, first->priority)) return;
    waiting_.erase(waiting_.begin());
    Admit(first->bytes, first->priority);
    first->admitted = true;
    first->wake.notify_one();
  }
}

void ByteBudget::GiveBack(uint64_t bytes, uint64_t priority) {
  std::lock_guard lock(mutex_);
  used_ -= bytes;
  held_.erase(held_.find(priority));
  AdmitWaiters();
}

arrow::Result<ByteBudget::Ticket> ByteBudget::Acquire(uint64_t bytes, uint64_t priority,
                                                      const arrow::StopToken& stop) {
  ARROW_RETURN_NOT_OK(stop.Poll());
  bytes = std::min(bytes, kMaxBytes);
  std::unique_lock lock(mutex_);
  if (closed_) return arrow::Status::Cancelled("the byte budget is closed");
  Waiter self(priority, arrivals_++, bytes);
  waiting_.insert(&self);
  AdmitWaiters();
  while (!self.admitted) {
    self.wake.wait_for(lock, kPollInterval);
    if (self.admitted) break;
    arrow::Status status =
        closed_ ? arrow::Status::Cancelled("the byte budget is closed") : stop.Poll();
    if (!status.ok()) {
      waiting_.erase(&self);
      AdmitWaiters();  // whoever stood behind this one may fit
      return status;
    }
  }
  return Ticket(this, bytes, priority);
}

std::optional<ByteBudget::Ticket> ByteBudget::TryAcquire(uint64_t bytes, uint64_t priority) {
  bytes = std::min(bytes, kMaxBytes);
  std::lock_guard lock(mutex_);
  if (closed_ || !Admissible(bytes, priority)) return std::nullopt;
  if (!waiting_.empty() && (*waiting_.begin())->priority <= priority) return std::nullopt;
  Admit(bytes, priority);
  return Ticket(this, bytes, priority);
}

void ByteBudget::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  for (Waiter* waiter : waiting_) waiter->wake.notify_one();
}

uint64_t ByteBudget::used() const {
  std::lock_guard lock(mutex_);
  return used_;
}

size_t ByteBudget::num_waiting() const {
  std::lock_guard lock(mutex_);
  return waiting_.size();
}

}  // namespace lancea
