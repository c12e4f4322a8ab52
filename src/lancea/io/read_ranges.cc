#include "lancea/io/read_ranges.h"

#include <cstring>

#include "arrow/buffer.h"
#include "arrow/io/interfaces.h"
#include "arrow/util/future.h"
#include "arrow/util/thread_pool.h"
#include "lancea/io/coalesce.h"

namespace lancea {
namespace {

using Buffers = std::vector<std::shared_ptr<arrow::Buffer>>;

arrow::Result<Buffers> ReadAll(ObjectReader& object, const std::vector<ByteRange>& reads,
                               const ReadOptions& options) {
  Buffers out(reads.size());
  if (reads.size() == 1) {
    ARROW_ASSIGN_OR_RAISE(out[0], object.ReadAt(reads[0]));
    return out;
  }
  arrow::internal::Executor* executor = options.io_executor != nullptr
                                            ? options.io_executor
                                            : arrow::io::default_io_context().executor();
  std::vector<arrow::Future<std::shared_ptr<arrow::Buffer>>> pending;
  for (size_t i = 1; i < reads.size(); ++i) {
    const ByteRange range = reads[i];
    const arrow::StopToken stop = options.stop_token;
    auto future = executor->Submit([&object, range, stop]() -> arrow::Result<std::shared_ptr<arrow::Buffer>> {
      ARROW_RETURN_NOT_OK(stop.Poll());
      return object.ReadAt(range);
    });
    if (!future.ok()) {
      for (auto& submitted : pending) submitted.Wait();
      return future.status();
    }
    pending.push_back(*std::move(future));
  }
  // Every read ends before we return: they refer to `object`.
  auto first = object.ReadAt(reads[0]);
  arrow::Status status = first.status();
  if (status.ok()) out[0] = *std::move(first);
  for (size_t i = 0; i < pending.size(); ++i) {
    pending[i].Wait();
    if (!pending[i].status().ok()) {
      if (status.ok()) status = pending[i].status();
    } else {
      out[i + 1] = *pending[i].result();
    }
  }
  ARROW_RETURN_NOT_OK(status);
  return out;
}

}  // namespace

arrow::Result<Buffers> ReadRanges(ObjectReader& object, std::span<const ByteRange> ranges,
                                  const ReadOptions& options) {
  ARROW_RETURN_NOT_OK(options.stop_token.Poll());
  uint64_t wanted = 0;
  for (const ByteRange& range : ranges) wanted += range.length;
  if (object.is_memory()) {
    if (options.counters != nullptr) options.counters->Add(ranges.size(), ranges.size(), wanted);
    return object.ReadMany(ranges);
  }
  const CoalescedReads plan = Coalesce(ranges, options.block_size, options.max_iop_size);
  uint64_t read = 0;
  for (const ByteRange& range : plan.reads) read += range.length;
  if (options.counters != nullptr) options.counters->Add(ranges.size(), plan.reads.size(), read);
  ARROW_ASSIGN_OR_RAISE(Buffers reads, ReadAll(object, plan.reads, options));
  Buffers out(ranges.size());
  for (size_t i = 0; i < ranges.size(); ++i) {
    const CoalescedReads::Slice& slice = plan.slices[i];
    const int64_t length = static_cast<int64_t>(ranges[i].length);
    if (slice.num_reads == 1) {
      out[i] = arrow::SliceBuffer(reads[slice.first_read], static_cast<int64_t>(slice.offset), length);
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto joined, arrow::AllocateBuffer(length));
    int64_t done = 0;
    int64_t from = static_cast<int64_t>(slice.offset);
    for (size_t k = 0; k < slice.num_reads; ++k) {
      const auto& part = reads[slice.first_read + k];
      const int64_t count = std::min(length - done, part->size() - from);
      std::memcpy(joined->mutable_data() + done, part->data() + from, static_cast<size_t>(count));
      done += count;
      from = 0;
    }
    out[i] = std::move(joined);
  }
  return out;
}

}  // namespace lancea
