#include "lancea/dataset/scan_stream.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "arrow/array/array_base.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/type.h"
#include "arrow/util/thread_pool.h"
#include "lancea/dataset/fragment_read.h"
#include "lancea/encoding/v0_1/legacy_file.h"

namespace lancea {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;

// What a scan needs while any of its batches is being decoded.
struct ScanContext {
  std::shared_ptr<const Dataset> dataset;
  std::shared_ptr<const ReadPlan> plan;
  ScanOptions options;
  ReadOptions read_options;
  std::vector<size_t> all_columns;
};

// One batch: rows of one fragment, or of several when batches have a strict size.
class BatchWork {
 public:
  BatchWork(std::shared_ptr<ScanContext> context, std::vector<FragmentSlice> slices,
            std::vector<std::shared_ptr<const FragmentColumns>> readers, uint64_t estimated_bytes)
      : context_(std::move(context)),
        slices_(std::move(slices)),
        readers_(std::move(readers)),
        estimated_bytes_(estimated_bytes) {}

  uint64_t estimated_bytes() const { return estimated_bytes_; }

  /// Decode unless another thread has begun to.
  void RunIfUnclaimed() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (claimed_) return;
      claimed_ = true;
    }
    arrow::Result<Batch> result = Decode();
    std::lock_guard<std::mutex> lock(mutex_);
    result_ = std::move(result);
    done_ = true;
    finished_.notify_all();
  }

  /// Never decode, if nobody has begun; wait if somebody has.
  void Abandon() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!claimed_) {
      claimed_ = true;
      return;
    }
    finished_.wait(lock, [&] { return done_; });
  }

  arrow::Result<Batch> Wait() {
    RunIfUnclaimed();
    std::unique_lock<std::mutex> lock(mutex_);
    finished_.wait(lock, [&] { return done_; });
    return std::move(result_);
  }

 private:
  arrow::Result<Batch> Decode() {
    const Dataset::Impl& dataset = context_->dataset->impl();
    const ReadPlan& plan = *context_->plan;
    ARROW_RETURN_NOT_OK(context_->options.stop_token.Poll());
    int64_t num_rows = 0;
    std::vector<arrow::ArrayVector> columns(plan.columns().size());
    for (size_t i = 0; i < slices_.size(); ++i) {
      num_rows += static_cast<int64_t>(slices_[i].rows.size());
      if (columns.empty()) continue;
      ARROW_ASSIGN_OR_RAISE(
          auto rows, PhysicalRows(dataset, slices_[i], context_->options.include_deleted_rows));
      ARROW_ASSIGN_OR_RAISE(
          auto read, FragmentRead::Make(dataset, plan, readers_[i], slices_[i].fragment, std::move(rows),
                                        context_->all_columns, context_->options.include_deleted_rows,
                                        context_->read_options));
      for (size_t c = 0; c < columns.size(); ++c) {
        ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector arrays, read->Finish(c));
        for (auto& array : arrays) columns[c].push_back(std::move(array));
      }
    }
    arrow::ArrayVector joined;
    for (size_t c = 0; c < columns.size(); ++c) {
      if (columns[c].size() == 1) {
        joined.push_back(std::move(columns[c][0]));
      } else if (columns[c].empty()) {
        ARROW_ASSIGN_OR_RAISE(auto empty, arrow::MakeEmptyArray(plan.schema()->field(c)->type()));
        joined.push_back(std::move(empty));
      } else {
        ARROW_ASSIGN_OR_RAISE(auto whole, arrow::Concatenate(columns[c], dataset.memory_pool()));
        joined.push_back(std::move(whole));
      }
    }
    return arrow::RecordBatch::Make(plan.schema(), num_rows, std::move(joined));
  }

  const std::shared_ptr<ScanContext> context_;
  const std::vector<FragmentSlice> slices_;
  const std::vector<std::shared_ptr<const FragmentColumns>> readers_;
  const uint64_t estimated_bytes_;

  std::mutex mutex_;
  std::condition_variable finished_;
  bool claimed_ = false;
  bool done_ = false;
  arrow::Result<Batch> result_{arrow::Status::Cancelled("batch was not decoded")};
};

class ScanStream : public arrow::RecordBatchReader {
 public:
  ScanStream(std::shared_ptr<ScanContext> context, std::vector<FragmentSlice> slices,
             int64_t batch_size)
      : context_(std::move(context)),
        slices_(std::move(slices)),
        batch_size_(static_cast<uint64_t>(batch_size)),
        readahead_(static_cast<size_t>(std::max(1, context_->options.batch_readahead))) {}

  ~ScanStream() override { DropAhead(); }

  std::shared_ptr<arrow::Schema> schema() const override { return context_->plan->schema(); }

  arrow::Status ReadNext(Batch* batch) override {
    batch->reset();
    if (!failure_.ok()) return failure_;
    failure_ = Next(batch);
    if (!failure_.ok()) DropAhead();
    return failure_;
  }

  arrow::Status Close() override {
    DropAhead();
    next_slice_ = slices_.size();
    return arrow::Status::OK();
  }

 private:
  arrow::Status Next(Batch* batch) {
    ARROW_RETURN_NOT_OK(context_->options.stop_token.Poll());
    ARROW_RETURN_NOT_OK(FillAhead());
    if (ahead_.empty()) return arrow::Status::OK();
    std::shared_ptr<BatchWork> work = std::move(ahead_.front());
    ahead_.pop_front();
    ARROW_RETURN_NOT_OK(work->Wait().Value(batch));
    ahead_bytes_ -= work->estimated_bytes();
    return arrow::Status::OK();
  }

  arrow::Status FillAhead() {
    arrow::internal::Executor* executor = context_->dataset->impl().session->impl().cpu_executor();
    while (next_slice_ < slices_.size() && ahead_.size() < readahead_ &&
           (ahead_.empty() || ahead_bytes_ < context_->options.io_buffer_size)) {
      ARROW_ASSIGN_OR_RAISE(auto work, CutBatch());
      ahead_bytes_ += work->estimated_bytes();
      ahead_.push_back(work);
      // Executors that refuse leave the work to the consumer.
      (void)executor->Spawn([work] { work->RunIfUnclaimed(); });
    }
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<BatchWork>> CutBatch() {
    std::vector<FragmentSlice> slices;
    std::vector<std::shared_ptr<const FragmentColumns>> readers;
    uint64_t rows = 0, bytes = 0;
    while (next_slice_ < slices_.size() && rows < batch_size_) {
      const FragmentSlice& slice = slices_[next_slice_];
      if (current_readers_ == nullptr && !context_->all_columns.empty()) {
        ARROW_ASSIGN_OR_RAISE(current_readers_,
                              context_->plan->ForFragment(slice.fragment, /*keep=*/false));
        current_row_bytes_ = RowBytes(*current_readers_);
      }
      const uint64_t begin = slice.rows.start + row_in_slice_;
      const uint64_t count = std::min(EndOfBatches(slice, begin) - begin, batch_size_ - rows);
      slices.push_back({slice.fragment, {begin, begin + count}});
      readers.push_back(current_readers_);
      rows += count;
      bytes += count * current_row_bytes_;
      row_in_slice_ += count;
      if (begin + count == slice.rows.end) {
        ++next_slice_;
        row_in_slice_ = 0;
        current_readers_.reset();
      }
      if (!context_->options.strict_batch_size) break;
    }
    return std::make_shared<BatchWork>(context_, std::move(slices), std::move(readers), bytes);
  }

  // Where a batch that starts at row `begin` of the slice must end at the latest: with the slice, and in
  // legacy files with the row group, so that a batch is a view of the file.
  uint64_t EndOfBatches(const FragmentSlice& slice, uint64_t begin) const {
    const Dataset::Impl& dataset = context_->dataset->impl();
    const bool deletions = dataset.fragments()[slice.fragment].deletion_file.has_value();
    if (current_readers_ == nullptr || deletions || context_->options.strict_batch_size) {
      return slice.rows.end;
    }
    uint64_t end = slice.rows.end;
    for (const auto& file : current_readers_->files) {
      if (!file->is_legacy()) continue;
      const std::vector<uint64_t>& groups = file->legacy().batch_starts();
      const auto next = std::upper_bound(groups.begin(), groups.end(), begin);
      if (next != groups.end()) end = std::min(end, *next);
    }
    return end;
  }

  uint64_t RowBytes(const FragmentColumns& readers) const {
    uint64_t bytes = 0;
    for (const auto& parts : readers.columns) {
      for (const auto& part : parts) bytes += part.reader->encoded_bytes();
    }
    return readers.num_rows == 0 ? 8 : bytes / readers.num_rows + 8 * readers.columns.size();
  }

  void DropAhead() {
    for (const auto& work : ahead_) work->Abandon();
    ahead_.clear();
    ahead_bytes_ = 0;
  }

  const std::shared_ptr<ScanContext> context_;
  const std::vector<FragmentSlice> slices_;
  const uint64_t batch_size_;
  const size_t readahead_;
  size_t next_slice_ = 0;
  uint64_t row_in_slice_ = 0;
  std::shared_ptr<const FragmentColumns> current_readers_;
  uint64_t current_row_bytes_ = 0;
  std::deque<std::shared_ptr<BatchWork>> ahead_;
  uint64_t ahead_bytes_ = 0;
  arrow::Status failure_;
};

}  // namespace

std::shared_ptr<arrow::RecordBatchReader> MakeScanStream(std::shared_ptr<const Dataset> dataset,
                                                         std::shared_ptr<const ReadPlan> plan,
                                                         std::vector<FragmentSlice> slices,
                                                         ScanOptions options, int64_t batch_size) {
  auto context = std::make_shared<ScanContext>();
  context->dataset = std::move(dataset);
  context->plan = std::move(plan);
  context->options = std::move(options);
  context->read_options = context->dataset->impl().MakeReadOptions(context->options.stop_token);
  if (context->options.io_counters != nullptr) {
    context->read_options.counters = context->options.io_counters.get();
  }
  for (size_t i = 0; i < context->plan->columns().size(); ++i) context->all_columns.push_back(i);
  return std::make_shared<ScanStream>(std::move(context), std::move(slices), batch_size);
}

}  // namespace lancea
