#include "lancea/dataset/parallel_for.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "arrow/util/thread_pool.h"

namespace lancea {
namespace {

// Shared with helpers that may start only after everything is done: they then find nothing to claim.
struct Shared {
  size_t count = 0;
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
  const std::function<arrow::Status(size_t)>* work = nullptr;  // valid while pieces are unfinished
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::condition_variable all_done;
  size_t done = 0;
  arrow::Status status;

  void Run() {
    while (true) {
      const size_t piece = next.fetch_add(1);
      if (piece >= count) return;
      arrow::Status result;
      if (!failed.load()) {
        result = stop.Poll();
        if (result.ok()) result = (*work)(piece);
      }
      std::lock_guard<std::mutex> lock(mutex);
      if (!result.ok() && !failed.exchange(true)) status = std::move(result);
      if (++done == count) all_done.notify_all();
    }
  }
};

}  // namespace

arrow::Status ParallelFor(arrow::internal::Executor* executor, size_t count,
                          const arrow::StopToken& stop,
                          const std::function<arrow::Status(size_t)>& work) {
  if (count == 0) return stop.Poll();
  if (executor == nullptr || count == 1) {
    for (size_t i = 0; i < count; ++i) {
      ARROW_RETURN_NOT_OK(stop.Poll());
      ARROW_RETURN_NOT_OK(work(i));
    }
    return arrow::Status::OK();
  }
  auto shared = std::make_shared<Shared>();
  shared->count = count;
  shared->stop = stop;
  shared->work = &work;
  const size_t helpers =
      std::min<size_t>(count, static_cast<size_t>(std::max(1, executor->GetCapacity()))) - 1;
  for (size_t i = 0; i < helpers; ++i) {
    if (!executor->Spawn([shared] { shared->Run(); }).ok()) break;
  }
  shared->Run();
  std::unique_lock<std::mutex> lock(shared->mutex);
  shared->all_done.wait(lock, [&] { return shared->done == count; });
  return shared->status;
}

}  // namespace lancea
