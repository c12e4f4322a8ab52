// The threads that do the background work of all buckets of the process.
//
// A thousand buckets must not mean a thousand threads. The pool lives as long as somebody holds it; the
// threads start with the first job and are joined when it goes, so the last holder must not be a job.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace lancea::queue {

/// Thread-safe.
class WorkerPool {
 public:
  using Clock = std::chrono::steady_clock;

  /// The one of this process.
  static std::shared_ptr<WorkerPool> Shared();
  explicit WorkerPool(size_t max_threads) : max_threads_(max_threads) {}
  ~WorkerPool();

  /// Have `job` run at `when` or as soon as a thread is free after it. Jobs not begun when the pool ends
  /// are dropped.
  void Submit(std::function<void()> job, Clock::time_point when = Clock::time_point::min());

 private:
  void Run();

  const size_t max_threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<Clock::time_point, std::function<void()>> jobs_;  ///< of one time: in order
  std::vector<std::thread> threads_;
  size_t num_idle_ = 0;
  bool stopping_ = false;
};

}  // namespace lancea::queue
