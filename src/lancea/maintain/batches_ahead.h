// A stream of batches, each made on another thread while the one before it is worked on.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "arrow/util/thread_pool.h"
#include "lancea/util/claimed_task.h"

namespace lancea {

/// Holds one batch. Not thread-safe; `make` is called by one thread at a time.
class BatchesAhead {
 public:
  using Batch = std::shared_ptr<arrow::RecordBatch>;
  /// Makes the next batch; nullptr when there are no more.
  using Make = std::function<arrow::Result<Batch>()>;

  /// \param executor  one that refuses, or has no thread free, leaves the work to Next
  BatchesAhead(arrow::internal::Executor* executor, Make make)
      : executor_(executor), make_(std::move(make)) {}
  ~BatchesAhead() {
    if (ahead_ != nullptr) ahead_->Abandon();
  }
  BatchesAhead(const BatchesAhead&) = delete;
  BatchesAhead& operator=(const BatchesAhead&) = delete;

  /// The next batch, in order; nullptr when there are no more. Not to be called after an error.
  arrow::Result<Batch> Next() {
    auto current = ahead_ != nullptr ? std::exchange(ahead_, nullptr) : MakeTask();
    ARROW_ASSIGN_OR_RAISE(Batch batch, current->Take());
    if (batch == nullptr) return batch;
    ahead_ = MakeTask();
    (void)executor_->Spawn([task = ahead_] { task->Run(); });
    return batch;
  }

 private:
  using Task = ClaimedTask<Batch>;
  std::shared_ptr<Task> MakeTask() const { return std::make_shared<Task>(make_); }

  arrow::internal::Executor* const executor_;
  const Make make_;
  std::shared_ptr<Task> ahead_;  // nullptr: nothing begun
};

}  // namespace lancea
