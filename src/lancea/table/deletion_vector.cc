#include "lancea/table/deletion_vector.h"

#include <algorithm>
#include <utility>

#include "arrow/array/array_primitive.h"
#include "arrow/io/memory.h"
#include "arrow/ipc/options.h"
#include "arrow/ipc/reader.h"
#include "arrow/memory_pool.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

arrow::Result<std::vector<uint32_t>> ReadArrowArray(std::shared_ptr<arrow::Buffer> bytes) {
  // The file says how long its buffers are once decompressed; row numbers do not shrink a thousandfold.
  // A cap looks at all that its pool has given out, so this read gets one of its own.
  arrow::ProxyMemoryPool own(arrow::default_memory_pool());
  arrow::CappedMemoryPool pool(&own, (int64_t{1} << 20) + 1024 * bytes->size());
  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = &pool;
  options.use_threads = false;
  ARROW_ASSIGN_OR_RAISE(auto reader,
                        arrow::ipc::RecordBatchFileReader::Open(
                            std::make_shared<arrow::io::BufferReader>(bytes), options));
  if (reader->num_record_batches() != 1) {
    return Corrupt("expected one record batch, found ", reader->num_record_batches());
  }
  const arrow::Schema& schema = *reader->schema();
  if (schema.num_fields() != 1 || schema.field(0)->name() != "row_id" ||
      schema.field(0)->type()->id() != arrow::Type::UINT32) {
    return Corrupt("expected one column row_id: uint32, found ", schema.ToString());
  }
  ARROW_ASSIGN_OR_RAISE(auto batch, reader->ReadRecordBatch(0));
  ARROW_RETURN_NOT_OK(batch->ValidateFull());
  const auto& rows = static_cast<const arrow::UInt32Array&>(*batch->column(0));
  if (rows.null_count() != 0) return Corrupt("null rows");
  return std::vector<uint32_t>(rows.raw_values(), rows.raw_values() + rows.length());
}

std::vector<ValueRange> ToRanges(std::vector<uint32_t> rows) {
  std::sort(rows.begin(), rows.end());
  std::vector<ValueRange> ranges;
  for (uint32_t row : rows) {
    if (!ranges.empty() && row <= uint64_t{ranges.back().last} + 1) {
      ranges.back().last = row;
    } else {
      ranges.push_back({row, row});
    }
  }
  return ranges;
}

}  // namespace

DeletionVector::DeletionVector(const std::vector<ValueRange>& deleted) {
  starts_.reserve(deleted.size());
  last_rows_.reserve(deleted.size());
  live_before_.reserve(deleted.size());
  for (const ValueRange& range : deleted) {
    starts_.push_back(range.first);
    last_rows_.push_back(range.last);
    live_before_.push_back(static_cast<uint32_t>(range.first - num_deleted_));
    num_deleted_ += uint64_t{range.last} - range.first + 1;
  }
}

size_t DeletionVector::RangeEndingBehind(uint64_t row) const {
  return std::lower_bound(last_rows_.begin(), last_rows_.end(), row) - last_rows_.begin();
}

bool DeletionVector::Contains(uint64_t row) const {
  size_t range = RangeEndingBehind(row);
  return range < starts_.size() && starts_[range] <= row;
}

uint64_t DeletionVector::LiveRowsBefore(uint64_t row) const {
  size_t range = RangeEndingBehind(row);
  if (range == starts_.size()) return row - num_deleted_;
  if (starts_[range] <= row) return live_before_[range];
  return row - (starts_[range] - live_before_[range]);
}

uint64_t DeletionVector::LiveRowToPhysical(uint64_t live_row) const {
  // The ranges with live_before <= live_row lie before the row.
  size_t range =
      std::upper_bound(live_before_.begin(), live_before_.end(), live_row) - live_before_.begin();
  if (range == starts_.size()) return live_row + num_deleted_;
  return live_row + (starts_[range] - live_before_[range]);
}

void DeletionVector::LiveRowsToPhysical(std::span<uint64_t> rows) const {
  if (starts_.empty()) return;
  size_t range = 0;  // the first range behind the previous row
  for (uint64_t& row : rows) {
    bool behind_previous = range == 0 || live_before_[range - 1] <= row;
    bool before_next = range == starts_.size() || row < live_before_[range];
    if (!behind_previous || !before_next) {
      auto from = live_before_.begin() + (behind_previous ? range : 0);
      range = std::upper_bound(from, live_before_.end(), row) - live_before_.begin();
    }
    row += range == starts_.size() ? num_deleted_ : starts_[range] - live_before_[range];
  }
}

void DeletionVector::AppendLiveRanges(RowRange range, std::vector<RowRange>* out) const {
  uint64_t at = range.start;
  for (size_t i = RangeEndingBehind(at); i < starts_.size() && at < range.end; ++i) {
    uint64_t stop = std::min<uint64_t>(starts_[i], range.end);
    if (at < stop) out->push_back({at, stop});
    at = uint64_t{last_rows_[i]} + 1;
  }
  if (at < range.end) out->push_back({at, range.end});
}

void DeletionVector::AppendPhysicalRanges(RowRange live, std::vector<RowRange>* out) const {
  if (live.start >= live.end) return;
  AppendLiveRanges({LiveRowToPhysical(live.start), LiveRowToPhysical(live.end - 1) + 1}, out);
}

std::vector<RowRange> DeletionVector::DeletedRanges() const {
  std::vector<RowRange> ranges(starts_.size());
  for (size_t i = 0; i < starts_.size(); ++i) ranges[i] = {starts_[i], uint64_t{last_rows_[i]} + 1};
  return ranges;
}

uint64_t DeletionVector::num_bytes() const {
  return sizeof(*this) + 3 * sizeof(uint32_t) * starts_.capacity();
}

arrow::Result<DeletionVector> ParseDeletionFile(DeletionFile::Type type,
                                                std::shared_ptr<arrow::Buffer> bytes) {
  if (type == DeletionFile::Type::kBitmap) {
    ARROW_ASSIGN_OR_RAISE(auto ranges,
                          ParseRoaringBitmap({bytes->data(), static_cast<size_t>(bytes->size())}));
    return DeletionVector(ranges);
  }
  auto rows = ReadArrowArray(std::move(bytes));
  if (!rows.ok()) return Corrupt("deletion file: ", rows.status().message());
  return DeletionVector(ToRanges(*std::move(rows)));
}

arrow::Result<std::shared_ptr<const DeletionVector>> ReadDeletionFile(
    ObjectReader& reader, const FragmentMetadata& fragment) {
  if (!fragment.deletion_file) return std::make_shared<const DeletionVector>();
  ARROW_ASSIGN_OR_RAISE(auto bytes, reader.ReadAt({0, reader.size()}));
  auto vector = ParseDeletionFile(fragment.deletion_file->type, std::move(bytes));
  if (!vector.ok()) return Prefix(vector.status(), reader.path());
  uint64_t expected = fragment.deletion_file->num_deleted_rows;
  if (expected != 0 && vector->num_deleted() != expected) {
    return Corrupt(reader.path(), ": ", vector->num_deleted(), " rows deleted, the manifest says ",
                   expected);
  }
  if (fragment.physical_rows != 0 && vector->end() > fragment.physical_rows) {
    return Corrupt(reader.path(), ": row ", vector->end() - 1, " deleted of ",
                   fragment.physical_rows);
  }
  return std::make_shared<const DeletionVector>(*std::move(vector));
}

}  // namespace lancea
