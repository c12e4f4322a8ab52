#include "lancea/io/read_ranges.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "arrow/buffer.h"
#include "arrow/io/interfaces.h"
#include "arrow/util/thread_pool.h"
#include "lancea/io/check_range.h"
#include "lancea/io/coalesce.h"
#include "lancea/io/io_settings.h"

namespace lancea {
namespace {

using Buffers = std::vector<std::shared_ptr<arrow::Buffer>>;

arrow::Result<std::shared_ptr<arrow::Buffer>> ReadOne(ObjectReader& object,
                                                      const ByteRange& range) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, object.ReadAt(range));
  if (buffer == nullptr || static_cast<uint64_t>(buffer->size()) != range.length) {
    return arrow::Status::IOError(object.path(), ": asked for ", range.length, " bytes at ",
                                  range.offset, ", the store gave ",
                                  buffer == nullptr ? 0 : buffer->size());
  }
  return buffer;
}

// Reads that any thread may claim. Helpers keep it alive: those that start only after everything is done
// find nothing to claim and never touch `object`.
class SharedReads {
 public:
  SharedReads(ObjectReader& object, const std::vector<ByteRange>& reads, arrow::StopToken stop)
      : object_(object), reads_(reads), stop_(std::move(stop)), out_(reads.size()) {}

  void Run() {
    while (true) {
      const size_t i = next_.fetch_add(1);
      if (i >= reads_.size()) return;
      arrow::Result<std::shared_ptr<arrow::Buffer>> result = nullptr;
      if (!failed_.load()) {
        const arrow::Status stopped = stop_.Poll();
        result = stopped.ok() ? ReadOne(object_, reads_[i]) : stopped;
      }
      std::lock_guard lock(mutex_);
      if (result.ok()) {
        out_[i] = *std::move(result);
      } else if (!failed_.exchange(true)) {
        status_ = result.status();
      }
      if (++done_ == reads_.size()) all_done_.notify_all();
    }
  }

  arrow::Result<Buffers> Wait() {
    std::unique_lock lock(mutex_);
    all_done_.wait(lock, [&] { return done_ == reads_.size(); });
    ARROW_RETURN_NOT_OK(status_);
    return std::move(out_);
  }

 private:
  ObjectReader& object_;
  const std::vector<ByteRange> reads_;
  const arrow::StopToken stop_;
  std::atomic<size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::condition_variable all_done_;
  size_t done_ = 0;
  arrow::Status status_;
  Buffers out_;
};

arrow::Result<Buffers> ReadAll(ObjectReader& object, const std::vector<ByteRange>& reads,
                               const ReadOptions& options) {
  if (reads.size() == 1) {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadOne(object, reads[0]));
    return Buffers{std::move(buffer)};
  }
  if (reads.empty()) return Buffers{};
  arrow::internal::Executor* executor = options.io_executor != nullptr
                                            ? options.io_executor
                                            : arrow::io::default_io_context().executor();
  auto shared = std::make_shared<SharedReads>(object, reads, options.stop_token);
  arrow::internal::TaskHints hints;
  hints.priority = options.priority;
  const size_t helpers =
      std::min<size_t>(reads.size() - 1, static_cast<size_t>(std::max(1, executor->GetCapacity())));
  for (size_t i = 0; i < helpers; ++i) {
    if (!executor->Spawn(hints, [shared] { shared->Run(); }).ok()) break;
  }
  shared->Run();
  return shared->Wait();
}

}  // namespace

ReadOptions ReadOptionsFor(const ObjectStore& store, arrow::internal::Executor* host_executor) {
  ReadOptions options;
  options.block_size = store.block_size();
  options.max_iop_size = ProcessIoSettings().max_iop_size;
  options.io_executor =
      host_executor != nullptr ? host_executor : DefaultIoExecutor(store.is_local());
  return options;
}

arrow::Result<Buffers> ReadRanges(ObjectReader& object, std::span<const ByteRange> ranges,
                                  const ReadOptions& options) {
  ARROW_RETURN_NOT_OK(options.stop_token.Poll());
  uint64_t wanted = 0;
  for (const ByteRange& range : ranges) {
    ARROW_RETURN_NOT_OK(CheckRange(range, object.size(), object.path()));
    wanted += range.length;
  }
  if (object.is_memory()) {
    if (options.counters != nullptr) options.counters->Add(ranges.size(), ranges.size(), wanted);
    ARROW_ASSIGN_OR_RAISE(Buffers views, object.ReadMany(ranges));
    if (views.size() != ranges.size()) {
      return arrow::Status::IOError(object.path(), ": asked for ", ranges.size(),
                                    " ranges, the store gave ", views.size());
    }
    if (options.resident != nullptr) {
      for (const auto& view : views) options.resident->Count(*view);
    }
    return views;
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
      out[i] =
          arrow::SliceBuffer(reads[slice.first_read], static_cast<int64_t>(slice.offset), length);
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
