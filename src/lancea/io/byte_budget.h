// Backpressure in bytes for read-ahead: who may hold how much, the most urgent first.
//
// A request names its bytes and its priority, the position of what it reads in the order of consumption
// (lower = needed earlier). It is admitted when its bytes fit under the limit, or when nothing admitted
// is needed earlier than it is; in either case only after every more urgent request in the queue.
//
// Why this cannot deadlock: bytes come back when somebody consumes what is needed next. The earliest
// request outstanding is always admitted, whatever its size and whatever is held by later ones, so the
// consumer always gets on. Hence also the overshoot: at most one request beyond the limit, plus those of
// equal priority (parts of one batch, which are useless one without the other).
// Why a later request that would fit waits behind an earlier one that does not: else small late requests
// starve a large early one.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "arrow/result.h"
#include "arrow/util/cancel.h"

namespace lancea {

/// Thread-safe. Must outlive its tickets.
class ByteBudget {
 public:
  /// Bytes admitted; gives them back when destroyed.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept { *this = std::move(other); }
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket() { Release(); }

    uint64_t bytes() const { return bytes_; }

    /// Give the bytes back now. May be called more than once.
    void Release();

    /// Correct an estimate once the true size is known. A larger size is never refused.
    void Resize(uint64_t bytes);

   private:
    friend class ByteBudget;
    Ticket(ByteBudget* budget, uint64_t bytes, uint64_t priority)
        : budget_(budget), bytes_(bytes), priority_(priority) {}
    ByteBudget* budget_ = nullptr;
    uint64_t bytes_ = 0;
    uint64_t priority_ = 0;
  };

  /// \param limit  bytes held at once
  explicit ByteBudget(uint64_t limit) : limit_(limit) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  /// Wait until admitted.
  /// \return Cancelled (or the token's error) when `stop` is requested, noticed within 20 ms, or Close was
  ///   called, noticed at once
  arrow::Result<Ticket> Acquire(uint64_t bytes, uint64_t priority,
                                const arrow::StopToken& stop = arrow::StopToken::Unstoppable());

  /// Admitted now, or not at all.
  std::optional<Ticket> TryAcquire(uint64_t bytes, uint64_t priority);

  /// Refuse all requests from now on, also the waiting ones; tickets stay valid.
  void Close();

  uint64_t limit() const { return limit_; }
  uint64_t used() const;
  size_t num_waiting() const;

 private:
  struct Waiter {
    Waiter(uint64_t priority_in, uint64_t arrival_in, uint64_t bytes_in)
        : priority(priority_in), arrival(arrival_in), bytes(bytes_in) {}
    const uint64_t priority;
    const uint64_t arrival;
    const uint64_t bytes;
    bool admitted = false;
    std::condition_variable wake;
  };
  struct MoreUrgent {
    bool operator()(const Waiter* a, const Waiter* b) const {
      return a->priority != b->priority ? a->priority < b->priority : a->arrival < b->arrival;
    }
  };

  bool Admissible(uint64_t bytes, uint64_t priority) const;  // needs mutex_, ignores the queue
  void Admit(uint64_t bytes, uint64_t priority);             // needs mutex_
  void AdmitWaiters();                                       // needs mutex_
  void GiveBack(uint64_t bytes, uint64_t priority);

  const uint64_t limit_;
  mutable std::mutex mutex_;
  uint64_t used_ = 0;
  std::multiset<uint64_t> held_;           // priorities of the tickets
  std::set<Waiter*, MoreUrgent> waiting_;  // on the stacks of their threads
  uint64_t arrivals_ = 0;
  bool closed_ = false;
};

}  // namespace lancea
