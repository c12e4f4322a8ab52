// A piece of work done once, by whichever thread comes to it first.
//
// Work that waits for an executor may never get a thread: the executor may be full of threads that wait
// for this very result. So whoever needs the result does the work itself if nobody has begun it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

#include "arrow/result.h"
#include "arrow/util/cancel.h"

namespace lancea {

/// Thread-safe. T: default-constructible is not needed.
template <typename T>
class ClaimedTask {
 public:
  explicit ClaimedTask(std::function<arrow::Result<T>()> work) : work_(std::move(work)) {}

  /// Do the work unless a thread has begun to.
  void Run() {
    std::function<arrow::Result<T>()> work;
    {
      std::lock_guard lock(mutex_);
      if (state_ != State::kNew) return;
      state_ = State::kRunning;
      work = std::move(work_);
    }
    arrow::Result<T> result = work();
    work = nullptr;  // what it captured goes before anybody is told
    std::lock_guard lock(mutex_);
    result_ = std::move(result);
    state_ = State::kDone;
    finished_.notify_all();
  }

  /// Nobody has begun.
  bool is_new() const {
    std::lock_guard lock(mutex_);
    return state_ == State::kNew;
  }

  bool is_done() const {
    std::lock_guard lock(mutex_);
    return state_ == State::kDone;
  }

  /// The result, for the one caller who asks.
  /// \return the token's error if a stop is requested while another thread works; it goes on
  arrow::Result<T> Take(const arrow::StopToken& stop = arrow::StopToken::Unstoppable()) {
    // A StopToken has nothing to wait on, so it is asked this often.
    constexpr std::chrono::milliseconds kPollInterval{20};
    Run();
    std::unique_lock lock(mutex_);
    while (!finished_.wait_for(lock, kPollInterval, [&] { return state_ == State::kDone; })) {
      ARROW_RETURN_NOT_OK(stop.Poll());
    }
    return std::move(result_);
  }

  /// Never do the work, if nobody has begun; wait if somebody has.
  void Abandon() {
    std::unique_lock lock(mutex_);
    if (state_ == State::kNew) {
      state_ = State::kDone;
      work_ = nullptr;
    }
    finished_.wait(lock, [&] { return state_ == State::kDone; });
  }

 private:
  enum class State { kNew, kRunning, kDone };
  mutable std::mutex mutex_;
  std::condition_variable finished_;
  State state_ = State::kNew;
  std::function<arrow::Result<T>()> work_;
  arrow::Result<T> result_{arrow::Status::Cancelled("abandoned before it was begun")};
};

}  // namespace lancea
