#include "lancea/maintain/compaction_rows.h"

#include <algorithm>

#include "arrow/array.h"
#include "arrow/type.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/scan/copied_blobs.h"
#include "lancea/scan/scan_stream.h"
#include "lancea/util/errors.h"
#include "lancea/util/referenced_bytes.h"

namespace lancea {
namespace {

constexpr uint64_t kMaxBatchRows = uint64_t{128} << 10;
// Before a batch is decoded nobody knows what its rows take.
constexpr uint64_t kFirstBatchRows = 128;
// Rows are alike while their sizes differ by no more than this.
constexpr uint64_t kAlike = 4;
// Blobs of a batch are put one behind the other; those of a row this large are handed on as they lie.
constexpr uint64_t kLargeRowBytes = uint64_t{256} << 10;

}  // namespace

arrow::Result<std::unique_ptr<CompactionRows>> CompactionRows::Make(
    std::shared_ptr<const Dataset> dataset, std::vector<size_t> fragments, Options options) {
  std::unique_ptr<CompactionRows> rows(new CompactionRows(std::move(dataset), std::move(options)));
  const Dataset::Impl& impl = rows->dataset_->impl();
  ARROW_ASSIGN_OR_RAISE(rows->plan_, ReadPlan::MakeStored(impl));
  for (const PlanColumn& column : rows->plan_->columns()) {
    rows->has_blobs_ |= HoldsBlobs(column.field);
  }
  for (size_t fragment : fragments) {
    const uint64_t live = impl.live_offsets[fragment + 1] - impl.live_offsets[fragment];
    if (live > 0) rows->slices_.push_back({fragment, {0, live}});
  }
  return rows;
}

uint64_t CompactionRows::EncodedRowBytes(size_t slice) const {
  const FragmentMetadata& fragment = dataset_->fragments()[slices_[slice].fragment];
  uint64_t bytes = 0;
  for (const DataFile& file : fragment.files) bytes += file.file_size_bytes;
  // What blobs take lies in the file too, and is not decoded.
  return std::max<uint64_t>(1, bytes / std::max<uint64_t>(1, fragment.physical_rows));
}

// A stream from the next row on, over fragments whose rows are about as large.
void CompactionRows::OpenStream() {
  const uint64_t encoded = EncodedRowBytes(slice_);
  const double row_bytes = std::max(1.0, static_cast<double>(encoded) * growth_);
  const auto by_bytes =
      static_cast<uint64_t>(static_cast<double>(options_.batch_bytes) / row_bytes);
  batch_rows_ = options_.batch_size.value_or(
      std::clamp<uint64_t>(by_bytes, 1, has_learned_ ? kMaxBatchRows : kFirstBatchRows));
  std::vector<FragmentSlice> slices = {slices_[slice_]};
  slices[0].rows.start += row_;
  stream_end_ = slice_ + 1;
  while (stream_end_ < slices_.size() && EncodedRowBytes(stream_end_) <= kAlike * encoded) {
    slices.push_back(slices_[stream_end_++]);
  }
  ScanOptions scan;
  scan.io_buffer_size = options_.io_buffer_size;
  scan.stop_token = options_.stop;
  // Rows of small fragments are handed on together; but blobs are read a fragment at a time.
  scan.strict_batch_size =
      !has_blobs_ && std::ranges::any_of(slices, [&](const FragmentSlice& slice) {
        return slice.rows.size() < batch_rows_;
      });
  stream_ = MakeScanStream(dataset_, plan_, std::move(slices), std::move(scan),
                           static_cast<int64_t>(batch_rows_));
}

// What rows take when decoded; a stream whose batches are far from the wanted size is replaced.
void CompactionRows::Learn(const arrow::RecordBatch& batch) {
  if (options_.batch_size) return;
  const double row_bytes = std::max(
      1.0, static_cast<double>(ReferencedBytes(batch)) / static_cast<double>(batch.num_rows()));
  growth_ = row_bytes / static_cast<double>(EncodedRowBytes(slice_));
  const bool is_first = !has_learned_;
  has_learned_ = true;
  const auto wanted = std::clamp<uint64_t>(
      static_cast<uint64_t>(static_cast<double>(options_.batch_bytes) / row_bytes), 1,
      kMaxBatchRows);
  const bool is_far = batch_rows_ > 2 * wanted || batch_rows_ * kAlike < wanted;
  if (is_far || (is_first && batch_rows_ < wanted)) stream_.reset();
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> CompactionRows::NextStored() {
  std::shared_ptr<arrow::RecordBatch> batch;
  while (slice_ < slices_.size()) {
    if (stream_ == nullptr) OpenStream();
    ARROW_RETURN_NOT_OK(stream_->ReadNext(&batch));
    if (batch == nullptr)
      return Corrupt("a scan ended ", slices_.size() - slice_, " fragments early");
    if (batch->num_rows() == 0) continue;
    Learn(*batch);
    const size_t first = slice_;
    pending_fragment_ = slices_[first].fragment;
    row_ += static_cast<uint64_t>(batch->num_rows());
    while (slice_ < stream_end_ && row_ >= slices_[slice_].rows.size()) {
      row_ -= slices_[slice_++].rows.size();
    }
    if (slice_ == stream_end_) {
      if (row_ > 0) return Corrupt("a scan gave ", row_, " rows too many");
      stream_.reset();
    } else if (has_blobs_ && slice_ > first && row_ > 0) {
      return Corrupt("a batch crosses fragments");
    }
    return batch;
  }
  return nullptr;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> CompactionRows::NextWithBlobs() {
  const Dataset::Impl& dataset = dataset_->impl();
  const auto& columns = plan_->columns();
  if (pending_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(pending_, NextStored());
    if (pending_ == nullptr) return nullptr;
    pending_row_ = 0;
    pending_bytes_.assign(static_cast<size_t>(pending_->num_rows()), 0);
    for (size_t i = 0; i < columns.size(); ++i) {
      AddBlobBytes(columns[i].field, *pending_->column(static_cast<int>(i)), pending_bytes_);
    }
  }
  int64_t end = pending_row_;
  uint64_t bytes = 0;
  while (end < pending_->num_rows()) {
    const uint64_t next = pending_bytes_[static_cast<size_t>(end)];
    const bool is_alone = end == pending_row_;
    if (!is_alone && (next >= kLargeRowBytes || next > options_.batch_bytes - bytes)) break;
    bytes += next;
    ++end;
    if (is_alone && next >= kLargeRowBytes) break;
  }
  const auto part = pending_->Slice(pending_row_, end - pending_row_);
  pending_row_ = end;
  if (end == pending_->num_rows()) pending_.reset();
  const ReadOptions read_options = dataset.MakeReadOptions(options_.stop);
  const FragmentMetadata& fragment = dataset.fragments()[pending_fragment_];
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (size_t i = 0; i < columns.size(); ++i) {
    const int index = static_cast<int>(i);
    ARROW_ASSIGN_OR_RAISE(auto array, BlobsAsGiven(dataset, fragment, columns[i].field,
                                                   part->column(index), read_options));
    fields.push_back(part->schema()->field(index)->WithType(array->type()));
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), part->num_rows(),
                                  std::move(arrays));
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> CompactionRows::Next() {
  return has_blobs_ ? NextWithBlobs() : NextStored();
}

}  // namespace lancea
