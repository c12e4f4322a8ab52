// A scan worked out: what is read, what is computed from it, in which order it comes.
//
//   columns / projections, order_by  ->  the columns to read (`read`), and how to get from those to the
//                                        result (`project`)
//
// With an order and a limit only the keys are read at first, with the rows' addresses; the rows that make
// it are taken at the end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/dataset.h"
#include "lancea/dataset/read_plan.h"
#include "lancea/dataset/scan_filter.h"
#include "lancea/dataset/scan_rows.h"
#include "lancea/exec/project.h"
#include "lancea/exec/sort_keys.h"

namespace lancea {

/// Immutable, thread-safe. Refers to its dataset, which outlives it.
struct ScanSetup {
  ScanOptions options;  ///< as given, checked
  int64_t batch_size = 0;

  ScanOptions read;  ///< the scan below: columns by name, no order, no projections
  std::shared_ptr<const ReadPlan> plan;
  std::shared_ptr<const ScanFilter> filter;  ///< nullptr: none
  std::vector<FragmentSlice> slices;
  std::vector<SortKey> sort;                      ///< of the columns of `plan`
  std::shared_ptr<const ProjectColumns> project;  ///< nullptr: the result is what is read
  /// Set for a top-k: the columns that are read by address in the end; `plan` then has the keys and
  /// `_rowaddr` last, and `project` is for the columns of this.
  std::shared_ptr<const ReadPlan> taken;
  std::shared_ptr<arrow::Schema> schema;  ///< of the result

  bool is_limited() const { return options.limit.has_value() || options.offset > 0; }

  static arrow::Result<ScanSetup> Make(const Dataset::Impl& dataset, ScanOptions options);
};

}  // namespace lancea
