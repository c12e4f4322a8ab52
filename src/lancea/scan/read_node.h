// LanceRead: rows of a table's fragments, with what of the filter and the columns is read when.
//
// Shown as one step or two, since it does both at once, batch by batch: LanceRead asks the filter's
// conditions of their columns, Take reads the other columns for the rows left.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lancea/dataset.h"
#include "lancea/exec_node.h"
#include "lancea/scan/read_plan.h"
#include "lancea/scan/scan_filter.h"
#include "lancea/scan/scan_rows.h"

namespace lancea {

/// What of a table is read.
struct TableRead {
  std::shared_ptr<const Dataset> dataset;
  ScanOptions options;  ///< of the read: columns by name; order and projections are others' work
  std::shared_ptr<const ReadPlan> plan;
  std::shared_ptr<const ScanFilter> filter;  ///< nullptr: none
  std::vector<FragmentSlice> slices;
  int64_t batch_size = 0;
  /// Rows that are wanted of those left by the filter, or of all; shown only.
  std::string range_before = "None", range_after = "None";
};

class ReadNode : public ExecNode {
 public:
  explicit ReadNode(TableRead read);

  const TableRead& read() const { return read_; }

  arrow::Result<ExecNodePtr> WithInputs(Inputs inputs) const override;
  PlanNode Describe() const override;

 private:
  arrow::Result<Reader> Run(const ExecContext& context) const override;
  arrow::Result<std::shared_ptr<arrow::Table>> RunToTable(
      const ExecContext& context) const override;
  arrow::Result<int64_t> RunToCount(const ExecContext& context) const override;

  const char* step_name() const;
  bool ShowsTake() const;
  ScanOptions Counted(const ExecContext& context) const;
  RunMetrics::Values Counts(const ScanCounters& counters, bool has_take) const;
  std::vector<std::string> ColumnsReadLate(std::vector<std::string>* scanned) const;

  const TableRead read_;
};

/// Take: the columns of rows whose addresses the input has in `_rowaddr`, in its order.
class TakeNode : public ExecNode {
 public:
  /// \param plan  the columns
  TakeNode(ExecNodePtr input, std::shared_ptr<const Dataset> dataset,
           std::shared_ptr<const ReadPlan> plan, ScanOptions options);

  arrow::Result<ExecNodePtr> WithInputs(Inputs inputs) const override;
  PlanNode Describe() const override;

 private:
  arrow::Result<Reader> Run(const ExecContext& context) const override;
  arrow::Result<std::shared_ptr<arrow::Table>> RunToTable(
      const ExecContext& context) const override;
  arrow::Result<int64_t> RunToCount(const ExecContext& context) const override;

  const std::shared_ptr<const Dataset> dataset_;
  const std::shared_ptr<const ReadPlan> plan_;
  const ScanOptions options_;
};

}  // namespace lancea
