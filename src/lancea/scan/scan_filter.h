// The filter of a scan, made ready: conditions in the order in which they are asked, and what they read.
//
// Conditions on the same columns are asked together, cheap columns first: a later step reads only rows
// that all steps before it left. Conditions that pin rows by number (`_rowid IN (…)`) are answered without
// reading anything.
//
//   s LIKE '%x%' AND a > 3 AND _rowid IN (1, 2) AND a < b    rows 1 and 2
//                                                            step [a]     a > 3
//                                                            step [a, b]  a < b
//                                                            step [s]     s LIKE '%x%'
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/compute/expression.h"
#include "arrow/result.h"
#include "lancea/dataset.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/exec/predicate.h"
#include "lancea/scan/read_plan.h"
#include "lancea/scan/scan_rows.h"

namespace lancea {

/// Immutable, thread-safe. Refers to its dataset, which outlives it.
class ScanFilter {
 public:
  /// A condition, or several of which all or any must hold. Only true counts, so AND and OR are those of
  /// sets of rows, and each part is asked of its own columns as the file has them.
  struct Condition {
    enum class Kind { kPredicate, kAll, kAny };
    Kind kind = Kind::kPredicate;
    std::shared_ptr<const Predicate> predicate;
    std::vector<size_t> columns;  ///< kPredicate: what it reads, positions in Step::columns
    std::vector<Condition> parts;
  };
  struct Step {
    std::vector<size_t> columns;        ///< of plan(), ascending
    std::vector<Condition> conditions;  ///< all must hold; cheap ones first
    /// For each of `columns` the only condition of the whole filter that reads it, if pages can be asked
    /// that; else nullptr.
    std::vector<const ValueCondition*> asked;
    bool may_fail = false;  ///< asked only of rows that are left
    int64_t cost = 0;       ///< of decoding a row, by the columns\' types
  };
  /// Rows named by number; the intersection of all of them.
  struct Pin {
    PlanColumn::Kind kind;  ///< kRowId, kRowAddress or kRowOffset
    std::vector<uint64_t> numbers;
  };

  /// The filter that `options` ask for, kept by the dataset; nullptr when there is none.
  static arrow::Result<std::shared_ptr<const ScanFilter>> Get(const Dataset::Impl& dataset,
                                                              const ScanOptions& options);

  /// What the steps read, dictionary-encoded where the file has it so.
  const ReadPlan& plan() const { return *plan_; }
  const std::vector<Step>& steps() const { return steps_; }
  const std::vector<Pin>& pins() const { return pins_; }
  /// No row satisfies it, whatever the table holds.
  bool is_never() const { return is_never_; }
  /// As explained to users.
  const std::string& text() const { return text_; }

 private:
  ScanFilter() = default;
  static arrow::Result<std::shared_ptr<const ScanFilter>> Make(
      const Dataset::Impl& dataset, const arrow::compute::Expression& filter);

  std::shared_ptr<const ReadPlan> plan_;
  std::vector<Step> steps_;
  std::vector<Pin> pins_;
  bool is_never_ = false;
  std::string text_;
};

/// What of `slices` the filter's pins leave: rows that exist, in the order of the slices.
arrow::Result<std::vector<FragmentSlice>> PinnedRows(const Dataset::Impl& dataset,
                                                     const ScanFilter& filter,
                                                     const std::vector<FragmentSlice>& slices,
                                                     bool include_deleted);

}  // namespace lancea
