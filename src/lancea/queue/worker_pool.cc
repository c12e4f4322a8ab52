#include "lancea/queue/worker_pool.h"

#include <unistd.h>

namespace lancea::queue {
namespace {

// Jobs mostly wait for the disk, so there may be more threads than cores.
constexpr size_t kMaxThreads = 4;

}  // namespace

std::shared_ptr<WorkerPool> WorkerPool::Shared() {
  static std::mutex mutex;
  static std::weak_ptr<WorkerPool> shared;
  static pid_t owner = 0;
  std::lock_guard lock(mutex);
  auto pool = shared.lock();
  if (pool == nullptr || owner != getpid()) {
    pool = std::make_shared<WorkerPool>(kMaxThreads);
    shared = pool;
    owner = getpid();
  }
  return pool;
}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::Submit(std::function<void()> job, Clock::time_point when) {
  std::lock_guard lock(mutex_);
  jobs_.emplace(when, std::move(job));
  if (num_idle_ == 0 && threads_.size() < max_threads_) {
    threads_.emplace_back([this] { Run(); });
  }
  changed_.notify_one();
}

void WorkerPool::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (jobs_.empty()) {
      ++num_idle_;
      changed_.wait(lock);
      --num_idle_;
      continue;
    }
    const Clock::time_point first = jobs_.begin()->first;
    if (first > Clock::now()) {
      ++num_idle_;
      changed_.wait_until(lock, first);
      --num_idle_;
      continue;
    }
    std::function<void()> job = std::move(jobs_.begin()->second);
    jobs_.erase(jobs_.begin());
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

}  // namespace lancea::queue
