// Rows of one fragment that satisfy a filter, with only those columns read in full that must be.
//
// Two phases: the filter's steps read their columns and narrow the rows; then the other columns are read
// for the rows left. Whether such a column is read at the rows' places alone, or as a whole and picked
// from, follows from what either costs (see WantsWhole); what the filter has read is not read again.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/exec/selection.h"
#include "lancea/scan/fragment_read.h"
#include "lancea/scan/read_plan.h"
#include "lancea/scan/scan_filter.h"
#include "lancea/scan/scan_rows.h"

namespace lancea {

/// What asking one step of the filter has cost so far, and left.
struct StepCost {
  std::atomic<uint64_t> rows{0}, kept{0}, nanos{0};

  /// Time per row that the step drops: steps are best asked in ascending order of it. nullopt before
  /// enough rows have been asked.
  std::optional<double> PerDroppedRow() const;
};

/// What the reads of one scan have in common. Thread-safe; refers to what its maker holds.
struct FilteredScan {
  const Dataset::Impl& dataset;
  const ScanFilter& filter;
  const ReadPlan& plan;  ///< of the output
  const ScanOptions& options;
  ReadOptions read_options;
  ScanCounters* counters = nullptr;  ///< counted when set

  /// For each output column the filter's column that is the same, or -1.
  std::vector<int> same_as_filtered;
  /// Output columns to be read late or never so, whatever it costs; by LateColumns.
  std::vector<LateColumns::Mode> late;
  /// By step of the filter.
  std::unique_ptr<StepCost[]> measured;

  FilteredScan(const Dataset::Impl& dataset, const ScanFilter& filter, const ReadPlan& plan,
               const ScanOptions& options, ReadOptions read_options);

  /// The rows of a slice that satisfy the filter, all output columns.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Read(const FragmentSlice& slice) const;

  /// How many rows of a slice satisfy it.
  arrow::Result<int64_t> Count(const FragmentSlice& slice) const;

  /// Rows of a slice that may satisfy the filter, by what is known of whole pages.
  arrow::Result<std::vector<RowRange>> RowsToAsk(const FragmentSlice& slice) const;

  /// Rows that one piece of work should look at, by what they take.
  uint64_t PieceRows(size_t fragment, uint64_t max_bytes) const;
};

}  // namespace lancea
