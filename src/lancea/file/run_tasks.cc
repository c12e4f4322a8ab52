#include "lancea/file/run_tasks.h"

#include "lancea/util/errors.h"

namespace lancea {

arrow::Status RunTasks(ObjectReader& object, std::span<const std::unique_ptr<ReadTask>> tasks,
                       const ReadOptions& options) {
  std::vector<ByteRange> ranges;
  while (true) {
    ranges.clear();
    for (const auto& task : tasks)
      ranges.insert(ranges.end(), task->needs().begin(), task->needs().end());
    if (ranges.empty()) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto buffers, ReadRanges(object, ranges, options));
    size_t at = 0;
    for (const auto& task : tasks) {
      const size_t count = task->needs().size();
      if (count == 0) continue;
      std::vector<std::shared_ptr<arrow::Buffer>> part(
          std::make_move_iterator(buffers.begin() + at),
          std::make_move_iterator(buffers.begin() + at + count));
      at += count;
      arrow::Status status = task->Supply(std::move(part));
      if (!status.ok()) return Prefix(status, object.path());
    }
  }
}

}  // namespace lancea
