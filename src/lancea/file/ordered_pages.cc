#include "lancea/file/ordered_pages.h"

#include "arrow/util/thread_pool.h"

namespace lancea {

OrderedPages::OrderedPages(arrow::internal::Executor* executor, uint64_t max_bytes, Write write)
    : executor_(executor), max_bytes_(max_bytes), write_(std::move(write)) {}

arrow::Status OrderedPages::Add(int column, PendingPage page) {
  auto task = std::make_shared<Task>(std::move(page.encode));
  waiting_.push_back({column, page.bytes, task});
  waiting_bytes_ += page.bytes;
  if (executor_ == nullptr) return WriteFirst();
  // Refused: this thread does it when its turn comes.
  (void)executor_->Spawn([task = std::move(task)] { task->Run(); });
  while (!waiting_.empty() && (waiting_bytes_ > max_bytes_ || waiting_.front().task->is_done())) {
    ARROW_RETURN_NOT_OK(WriteFirst());
  }
  return arrow::Status::OK();
}

arrow::Status OrderedPages::Drain() {
  while (!waiting_.empty()) ARROW_RETURN_NOT_OK(WriteFirst());
  return arrow::Status::OK();
}

void OrderedPages::Abandon() {
  for (Waiting& waiting : waiting_) waiting.task->Abandon();
  waiting_.clear();
  waiting_bytes_ = 0;
}

arrow::Status OrderedPages::WriteFirst() {
  const std::shared_ptr<Task> first = waiting_.front().task;
  while (!first->is_done()) {
    // The largest that nobody has begun: the last pages end together.
    Task* largest = nullptr;
    uint64_t bytes = 0;
    for (const Waiting& waiting : waiting_) {
      if ((largest != nullptr && waiting.bytes <= bytes) || !waiting.task->is_new()) continue;
      largest = waiting.task.get();
      bytes = waiting.bytes;
    }
    if (largest == nullptr) break;
    largest->Run();
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<EncodedPage> pages, first->Take());
  const int column = waiting_.front().column;
  waiting_bytes_ -= waiting_.front().bytes;
  waiting_.pop_front();
  for (EncodedPage& page : pages) ARROW_RETURN_NOT_OK(write_(column, std::move(page)));
  return arrow::Status::OK();
}

}  // namespace lancea
