// Reads rows of one fragment: fields through their readers, system columns computed.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/read_task.h"
#include "lancea/io/read_ranges.h"
#include "lancea/io/row_range.h"
#include "lancea/scan/read_plan.h"

namespace lancea {

/// Begun reads of some columns of some rows of one fragment. Use: Make, then Finish for each column, on
/// any thread, different columns at once.
class FragmentRead {
 public:
  /// Read the bytes. `rows` are physical: ascending, disjoint, non-empty.
  /// \param columns  indices into the plan's columns to read; others must not be finished
  /// \param asked    for each of `columns` a condition of which the answers will do, as
  ///   FieldReader::ReadAnswers gives them, or nullptr; empty: none
  static arrow::Result<std::unique_ptr<FragmentRead>> Make(
      const Dataset::Impl& dataset, const ReadPlan& plan,
      std::shared_ptr<const FragmentColumns> readers, size_t fragment, std::vector<RowRange> rows,
      std::span<const size_t> columns, bool mark_deleted, const ReadOptions& options,
      std::span<const ValueCondition* const> asked = {});

  /// Decode one column: arrays that are together the rows asked for, of type columns()[column].output.
  arrow::Result<arrow::ArrayVector> Finish(size_t column) const;

  int64_t num_rows() const { return num_rows_; }

  /// Count the pages that were read; before Finish.
  void CountPages(PageCounters* counters) const;

 private:
  FragmentRead(const Dataset::Impl& dataset, const ReadPlan& plan)
      : dataset_(dataset), plan_(plan) {}
  arrow::Result<std::shared_ptr<arrow::Array>> SystemColumn(PlanColumn::Kind kind) const;
  arrow::Result<arrow::ArrayVector> FieldColumn(size_t column) const;

  const Dataset::Impl& dataset_;
  const ReadPlan& plan_;
  std::shared_ptr<const FragmentColumns> readers_;
  size_t fragment_ = 0;
  std::vector<RowRange> rows_;
  int64_t num_rows_ = 0;
  ReadOptions options_;
  bool mark_deleted_ = false;  ///< deleted rows are among `rows_`: their ids read null
  // tasks_[c][p]: part p of column c
  std::vector<std::vector<std::unique_ptr<ReadTask>>> tasks_;
};

/// Whether a reader gives the column as the plan has it: one part, nothing made of it.
bool IsAsStored(const PlanColumn& column, const std::vector<FragmentColumns::Part>& parts);

/// Have the pages of a column known, so that those never read count as skipped.
void CountPagesOf(const PlanColumn& column, const std::vector<FragmentColumns::Part>& parts,
                  size_t fragment, PageCounters* counters);

}  // namespace lancea
