#include "lancea/change/merge_insert_patches.h"

#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "lancea/util/memory_shares.h"

namespace lancea {
namespace {

const arrow::UInt64Array& AddressesOf(const arrow::RecordBatch& rows) {
  // Held by the batch, which the caller holds.
  return static_cast<const arrow::UInt64Array&>(*rows.column(0));
}

}  // namespace

MergePatches::MergePatches(const std::vector<FragmentMetadata>& fragments,
                           std::shared_ptr<arrow::Schema> rows, const MergeMemory& memory)
    : schema_(std::move(rows)),
      pool_(memory.pool),
      spill_(memory.spill_directory, schema_, MemoryShares(memory.limit).spill_buffer(),
             memory.pool) {
  for (const FragmentMetadata& fragment : fragments) {
    first_row_[fragment.id] = fragment.physical_rows;
  }
  for (auto& [id, rows_of] : first_row_) {
    num_physical_rows_ += std::exchange(rows_of, num_physical_rows_);
  }
}

size_t MergePatches::PartitionOf(uint64_t address) const {
  const auto found = first_row_.find(address >> 32);
  const uint64_t row = (found == first_row_.end() ? 0 : found->second) + (address & UINT32_MAX);
  const auto share = static_cast<double>(row) / static_cast<double>(num_physical_rows_);
  return std::min(static_cast<size_t>(share * PartitionedSpill::kNumPartitions),
                  PartitionedSpill::kNumPartitions - 1);
}

arrow::Status MergePatches::Add(const std::shared_ptr<arrow::RecordBatch>& rows) {
  std::vector<uint64_t> hashes;
  hashes.reserve(static_cast<size_t>(rows->num_rows()));
  const auto column = rows->column(0);
  const auto& addresses = static_cast<const arrow::UInt64Array&>(*column);
  for (int64_t i = 0; i < addresses.length(); ++i) {
    ++num_rows_[addresses.Value(i) >> 32];
    hashes.push_back(uint64_t{PartitionOf(addresses.Value(i))} << PartitionedSpill::kHashShift);
  }
  return spill_.Write(rows, hashes);
}

arrow::Status MergePatches::Finish() { return spill_.Finish(); }

// The next partition, in order.
arrow::Status MergePatches::Load() {
  ARROW_ASSIGN_OR_RAISE(auto reader, spill_.Read(next_partition_++));
  if (reader == nullptr) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto batches, reader->ToRecordBatches());
  ARROW_ASSIGN_OR_RAISE(auto rows, arrow::ConcatenateRecordBatches(batches, pool_));
  batches.clear();
  arrow::compute::ExecContext context(pool_);
  ARROW_ASSIGN_OR_RAISE(
      auto order, arrow::compute::SortIndices(*rows->column(0),
                                              arrow::compute::SortOrder::Ascending, &context));
  ARROW_ASSIGN_OR_RAISE(
      const arrow::Datum sorted,
      arrow::compute::Take(rows, order, arrow::compute::TakeOptions::NoBoundsCheck(), &context));
  loaded_ = sorted.record_batch();
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> MergePatches::TakeThrough(
    uint64_t last_address) {
  arrow::RecordBatchVector parts;
  const size_t last_partition = PartitionOf(last_address);
  while (true) {
    if (loaded_ != nullptr) {
      const auto& addresses = AddressesOf(*loaded_);
      const uint64_t* begin = addresses.raw_values();
      const int64_t count =
          std::upper_bound(begin, begin + addresses.length(), last_address) - begin;
      if (count > 0) parts.push_back(loaded_->Slice(0, count));
      loaded_ = count < loaded_->num_rows() ? loaded_->Slice(count) : nullptr;
    }
    if (loaded_ != nullptr || next_partition_ > last_partition) break;
    ARROW_RETURN_NOT_OK(Load());
  }
  if (parts.size() == 1) return parts[0];
  if (parts.empty()) return arrow::RecordBatch::MakeEmpty(schema_, pool_);
  return arrow::ConcatenateRecordBatches(parts, pool_);
}

}  // namespace lancea
