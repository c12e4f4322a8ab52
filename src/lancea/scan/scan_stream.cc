#include "lancea/scan/scan_stream.h"

#include <algorithm>
#include <deque>
#include <limits>

#include "arrow/util/thread_pool.h"
#include "lancea/encoding/v0_1/legacy_file.h"
#include "lancea/scan/scan_batch.h"
#include "lancea/util/memory_shares.h"

namespace lancea {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;
using Columns = std::shared_ptr<const FragmentColumns>;

// Batches begun before the size of a decoded one is known.
constexpr size_t kBatchesOfUnknownSize = 4;

// A decoded row may be far larger than a stored one. Only a low limit on memory makes this matter.
constexpr uint64_t kUnknownRowBytes = 4096;

// Filtering in smaller pieces costs more than it spares.
constexpr uint64_t kLeastPieceBytes = uint64_t{1} << 20;

class ScanStream : public arrow::RecordBatchReader {
 public:
  ScanStream(std::shared_ptr<ScanContext> context, std::vector<FragmentSlice> slices,
             int64_t batch_size)
      : context_(std::move(context)),
        slices_(std::move(slices)),
        batch_size_(static_cast<uint64_t>(batch_size)),
        readahead_(static_cast<size_t>(std::max(1, context_->options.batch_readahead))),
        fragment_readahead_(
            static_cast<size_t>(std::max(1, context_->options.fragment_readahead))) {}

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
    auto next = ahead_.begin();
    if (!context_->options.scan_in_order) {
      const auto done =
          std::ranges::find_if(ahead_, [](const auto& work) { return work->is_done(); });
      if (done != ahead_.end()) next = done;
    }
    ARROW_RETURN_NOT_OK((*next)->Take().Value(batch));
    ahead_.erase(next);
    return arrow::Status::OK();
  }

  arrow::Status FillAhead() {
    while ((cut_.has_value() || next_slice_ < slices_.size()) && ahead_.size() < readahead_) {
      const bool is_unknown = context_->decoded_row_bytes.load() == 0;
      if (is_unknown && ahead_.size() >= kBatchesOfUnknownSize) break;
      if (!cut_.has_value()) {
        ARROW_ASSIGN_OR_RAISE(cut_, CutBatch());
      }
      auto ticket = context_->budget.TryAcquire(cut_->bytes, num_begun_);
      if (!ticket.has_value()) break;
      auto work =
          std::make_shared<ScanBatch>(context_, std::move(cut_->slices), std::move(cut_->readers),
                                      num_begun_, *std::move(ticket));
      cut_.reset();
      ++num_begun_;
      ahead_.push_back(work);
      work->Begin();
    }
    return arrow::Status::OK();
  }

  // What a filter leaves is put into full batches later.
  bool fills_batches() const {
    return context_->options.strict_batch_size && context_->filtered == nullptr;
  }

  struct Cut {
    std::vector<FragmentSlice> slices;
    std::vector<Columns> readers;
    uint64_t bytes = 0;  // when decoded, as far as one can tell
  };

  arrow::Result<Cut> CutBatch() {
    Cut out;
    uint64_t rows = 0;
    while (next_slice_ < slices_.size() && rows < batch_size_) {
      const FragmentSlice& slice = slices_[next_slice_];
      if (current_readers_ == nullptr && !context_->all_columns.empty()) {
        ARROW_ASSIGN_OR_RAISE(current_readers_, OpenFragment());
        current_row_bytes_ = RowBytes(*current_readers_);
      }
      ARROW_RETURN_NOT_OK(RenewReaders(slice.fragment));
      if (row_in_slice_ == 0) CountFragment();
      if (context_->filtered != nullptr && row_in_slice_ == 0) {
        most_rows_ = context_->filtered->PieceRows(slice.fragment, context_->max_batch_bytes);
      }
      const uint64_t begin = slice.rows.start + row_in_slice_;
      const uint64_t decoded_bytes = context_->decoded_row_bytes.load();
      const uint64_t row_bytes = std::max(current_row_bytes_, decoded_bytes);
      uint64_t count = std::min(EndOfBatches(slice, begin) - begin, batch_size_ - rows);
      if (context_->filtered != nullptr) count = std::min(count, most_rows_);
      if (!fills_batches() && current_readers_ != nullptr) {
        const uint64_t most = std::max(row_bytes, decoded_bytes == 0 ? kUnknownRowBytes : 1);
        count = std::min(count, std::max<uint64_t>(1, context_->max_batch_bytes / most));
      }
      out.slices.push_back({slice.fragment, {begin, begin + count}, slice.named});
      out.readers.push_back(current_readers_);
      rows += count;
      out.bytes += count * row_bytes;
      reader_bytes_ += count * row_bytes;
      row_in_slice_ += count;
      if (begin + count == slice.rows.end) {
        ++next_slice_;
        row_in_slice_ = 0;
        current_readers_.reset();
      }
      if (!fills_batches()) break;
    }
    // Pieces grow once it is known what their rows take.
    if (context_->filtered != nullptr && context_->decoded_row_bytes.load() > 0) {
      batch_size_ = std::min(2 * batch_size_, most_rows_);
    }
    if (context_->options.counters != nullptr && context_->filtered == nullptr) {
      context_->options.counters->rows_scanned += rows;
      context_->options.counters->ranges_scanned += out.slices.size();
    }
    return out;
  }

  // Readers keep the dictionaries of all pages they have read. Where memory is short they are replaced now
  // and then; what the cache dropped is read again.
  arrow::Status RenewReaders(size_t fragment) {
    if (row_in_slice_ == 0) reader_bytes_ = 0;
    if (current_readers_ == nullptr || context_->filtered != nullptr ||
        reader_bytes_ < context_->max_reader_bytes) {
      return arrow::Status::OK();
    }
    reader_bytes_ = 0;
    current_readers_.reset();
    return context_->plan->ForFragment(fragment, /*keep=*/false).Value(&current_readers_);
  }

  void CountFragment() {
    if (context_->options.counters != nullptr) ++context_->options.counters->fragments_scanned;
  }

  // Where a batch that starts at row `begin` of the slice must end at the latest: with the slice, and in
  // legacy files with the row group, so that a batch is a view of the file.
  uint64_t EndOfBatches(const FragmentSlice& slice, uint64_t begin) const {
    const Dataset::Impl& dataset = context_->dataset->impl();
    if (context_->filtered != nullptr) return slice.rows.end;
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

  // The readers of the next slice's fragment. Files on a network are opened ahead, several at a time.
  arrow::Result<Columns> OpenFragment() {
    const size_t last = context_->is_local
                            ? next_slice_ + 1
                            : std::min(slices_.size(), next_slice_ + fragment_readahead_);
    while (num_opening_ < last) {
      auto open = std::make_shared<ClaimedTask<Columns>>(
          [context = context_, fragment = slices_[num_opening_].fragment] {
            return context->plan->ForFragment(fragment, /*keep=*/context->filtered != nullptr);
          });
      ++num_opening_;
      opening_.push_back(open);
      if (!context_->is_local) {
        arrow::internal::Executor* io = context_->read_options.io_executor;
        (void)io->Spawn([open] { open->Run(); });
      }
    }
    auto open = std::move(opening_.front());
    opening_.pop_front();
    return open->Take(context_->options.stop_token);
  }

  void DropAhead() {
    context_->stop.RequestStop();
    for (const auto& work : ahead_) work->Abandon();
    for (const auto& open : opening_) open->Abandon();
    ahead_.clear();
    opening_.clear();
    cut_.reset();
  }

  const std::shared_ptr<ScanContext> context_;
  const std::vector<FragmentSlice> slices_;
  uint64_t batch_size_;  // of the next batch
  const size_t readahead_, fragment_readahead_;
  size_t next_slice_ = 0;
  uint64_t row_in_slice_ = 0;
  Columns current_readers_;
  uint64_t current_row_bytes_ = 0;
  uint64_t reader_bytes_ = 0;  // decoded, or about to be, with current_readers_
  uint64_t most_rows_ = 0;     // looked at by one piece of filtering work
  size_t num_opening_ = 0;     // slices whose fragments are opened or being opened
  std::deque<std::shared_ptr<ClaimedTask<Columns>>> opening_;
  std::optional<Cut> cut_;  // waits for its bytes
  uint64_t num_begun_ = 0;
  std::deque<std::shared_ptr<ScanBatch>> ahead_;
  arrow::Status failure_;
};

}  // namespace

std::shared_ptr<arrow::RecordBatchReader> MakeScanStream(std::shared_ptr<const Dataset> dataset,
                                                         std::shared_ptr<const ReadPlan> plan,
                                                         std::vector<FragmentSlice> slices,
                                                         ScanOptions options, int64_t batch_size,
                                                         std::shared_ptr<const ScanFilter> filter) {
  const MemoryShares shares(dataset->session()->memory_limit());
  auto context =
      std::make_shared<ScanContext>(std::min(options.io_buffer_size, shares.read_ahead()));
  context->max_batch_bytes = shares.batch();
  context->max_reader_bytes = shares.read_ahead();
  context->dataset = std::move(dataset);
  context->plan = std::move(plan);
  context->options = std::move(options);
  context->read_options = context->dataset->impl().MakeReadOptions(context->stop.token());
  context->is_local = context->dataset->impl().location.store->is_local();
  if (context->options.io_counters != nullptr) {
    context->read_options.counters = context->options.io_counters.get();
  }
  if (context->options.counters != nullptr) {
    context->read_options.counters = &context->options.counters->scan_io;
  }
  for (size_t i = 0; i < context->plan->columns().size(); ++i) context->all_columns.push_back(i);
  if (filter != nullptr) {
    context->filter = std::move(filter);
    // Pieces grow beyond batches; several are held at a time.
    context->max_batch_bytes =
        std::min(context->max_batch_bytes,
                 std::max(context->budget.limit() / kBatchesOfUnknownSize, kLeastPieceBytes));
    context->filtered =
        std::make_unique<FilteredScan>(context->dataset->impl(), *context->filter, *context->plan,
                                       context->options, context->read_options);
  }
  return std::make_shared<ScanStream>(std::move(context), std::move(slices), batch_size);
}

}  // namespace lancea
