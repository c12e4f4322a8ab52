#include "lancea/change/merge_insert_source.h"

#include <algorithm>
#include <utility>

#include "arrow/util/byte_size.h"
#include "lancea/util/memory_shares.h"

namespace lancea {
namespace {

constexpr uint64_t kMostSeenBytes = uint64_t{64} << 20;

// Cut so that what is made of a batch stays small too.
constexpr int64_t kBatchRows = 65536;

}  // namespace

arrow::Result<std::unique_ptr<MergeSource>> MergeSource::Read(
    const std::shared_ptr<arrow::RecordBatchReader>& rows, const MergeKeyColumns& keys,
    const MergeMemory& memory, const arrow::StopToken& stop) {
  auto source = std::make_unique<MergeSource>();
  source->schema_ = rows->schema();
  source->memory_ = memory;
  const MemoryShares shares(memory.limit);
  uint64_t bytes = 0;
  std::shared_ptr<arrow::RecordBatch> whole;
  while (true) {
    ARROW_RETURN_NOT_OK(stop.Poll());
    ARROW_RETURN_NOT_OK(rows->ReadNext(&whole));
    if (whole == nullptr) break;
    source->num_rows_ += static_cast<uint64_t>(whole->num_rows());
    for (int64_t begin = 0; begin < whole->num_rows(); begin += kBatchRows) {
      auto batch = whole->num_rows() <= kBatchRows ? whole : whole->Slice(begin, kBatchRows);
      if (source->spill_ != nullptr) {
        ARROW_RETURN_NOT_OK(source->Spill(batch, keys));
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(int64_t size, arrow::util::ReferencedBufferSize(*batch));
      bytes += static_cast<uint64_t>(size);
      source->batches_.push_back(std::move(batch));
      if (bytes <= shares.held()) continue;
      source->spill_ = std::make_unique<PartitionedSpill>(memory.spill_directory, source->schema_,
                                                          shares.spill_buffer(), memory.pool);
      const uint64_t seen_bytes = std::clamp<uint64_t>(memory.limit / 16, 4096, kMostSeenBytes);
      source->seen_.assign(seen_bytes / 8, 0);
      for (auto& held : source->batches_) {
        ARROW_RETURN_NOT_OK(source->Spill(held, keys));
        held.reset();
      }
      source->batches_.clear();
    }
  }
  if (source->spill_ != nullptr) ARROW_RETURN_NOT_OK(source->spill_->Finish());
  return source;
}

arrow::Status MergeSource::Spill(const std::shared_ptr<arrow::RecordBatch>& batch,
                                 const MergeKeyColumns& keys) {
  ARROW_ASSIGN_OR_RAISE(KeyRows key_rows, keys.OfSource(*batch, memory_.pool));
  const std::vector<uint64_t> hashes = HashKeys(key_rows);
  for (uint64_t hash : hashes) seen_[(hash >> 6) % seen_.size()] |= uint64_t{1} << (hash & 63);
  return spill_->Write(batch, hashes);
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> MergeSource::Partition(
    size_t index) const {
  if (!is_spilled()) return arrow::RecordBatchReader::Make(batches_, schema_);
  ARROW_ASSIGN_OR_RAISE(auto rows, spill_->Read(index));
  if (rows != nullptr) return rows;
  return arrow::RecordBatchReader::Make(arrow::RecordBatchVector(), schema_);
}

}  // namespace lancea
