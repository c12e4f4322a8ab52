// The source of a merge, read once and replayed for every attempt: in memory while it fits, else in
// temporary files, one per partition of the keys.
#pragma once

#include <memory>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/cancel.h"
#include "lancea/change/merge_insert_keys.h"
#include "lancea/change/merge_insert_spill.h"

namespace lancea {

struct MergeMemory {
  uint64_t limit = 0;  ///< bytes
  std::string spill_directory;
  arrow::MemoryPool* pool = nullptr;
};

/// Immutable; not thread-safe.
class MergeSource {
 public:
  static arrow::Result<std::unique_ptr<MergeSource>> Read(
      const std::shared_ptr<arrow::RecordBatchReader>& rows, const MergeKeyColumns& keys,
      const MergeMemory& memory, const arrow::StopToken& stop);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  uint64_t num_rows() const { return num_rows_; }
  bool is_spilled() const { return spill_ != nullptr; }
  size_t num_partitions() const { return is_spilled() ? PartitionedSpill::kNumPartitions : 1; }
  uint64_t num_spilled_bytes() const { return is_spilled() ? spill_->num_bytes() : 0; }

  /// The rows of a partition, in the same order each time.
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Partition(size_t index) const;

  /// False if no source row has keys of this hash. Of spilled sources only; else always true.
  bool MayHave(uint64_t hash) const {
    return seen_.empty() || (seen_[(hash >> 6) % seen_.size()] >> (hash & 63) & 1) != 0;
  }

 private:
  arrow::Status Spill(const std::shared_ptr<arrow::RecordBatch>& batch,
                      const MergeKeyColumns& keys);

  std::shared_ptr<arrow::Schema> schema_;
  arrow::RecordBatchVector batches_;
  std::unique_ptr<PartitionedSpill> spill_;
  std::vector<uint64_t> seen_;
  MergeMemory memory_;
  uint64_t num_rows_ = 0;
};

}  // namespace lancea
