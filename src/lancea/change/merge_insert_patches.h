// New values of target rows, gathered in the source's order and read back in the order of their addresses.
//
// Rows are split into partitions by where they are in the table, so that one partition at a time is put in
// order; what does not fit in memory waits in temporary files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/change/merge_insert_source.h"
#include "lancea/change/merge_insert_spill.h"
#include "lancea/fragment.h"

namespace lancea {

/// Rows are added, then finished, then taken. Not thread-safe.
class MergePatches {
 public:
  /// \param rows  the first column has the addresses, as uint64
  MergePatches(const std::vector<FragmentMetadata>& fragments, std::shared_ptr<arrow::Schema> rows,
               const MergeMemory& memory);

  arrow::Status Add(const std::shared_ptr<arrow::RecordBatch>& rows);
  arrow::Status Finish();

  /// Fragments that rows were added of, ascending, each with the number of its rows.
  const std::map<uint64_t, uint64_t>& fragments() const { return num_rows_; }

  /// The rows up to an address, this included, that were not taken before; ascending.
  /// \param last_address  not less than the one before
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> TakeThrough(uint64_t last_address);

  uint64_t num_spilled_bytes() const { return spill_.num_bytes(); }

 private:
  size_t PartitionOf(uint64_t address) const;
  arrow::Status Load();

  const std::shared_ptr<arrow::Schema> schema_;
  arrow::MemoryPool* const pool_;
  std::map<uint64_t, uint64_t> first_row_;  // by fragment: physical rows of those with smaller ids
  uint64_t num_physical_rows_ = 0;
  std::map<uint64_t, uint64_t> num_rows_;
  PartitionedSpill spill_;
  size_t next_partition_ = 0;
  std::shared_ptr<arrow::RecordBatch> loaded_;  // what is left of a partition
};

}  // namespace lancea
