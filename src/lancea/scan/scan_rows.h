// Which rows a scan returns, worked out from the manifest before anything is read.
#pragma once

#include <memory>
#include <vector>

#include "arrow/result.h"
#include "lancea/dataset.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/io/row_range.h"

namespace lancea {

/// Rows of one fragment, counted over the rows the scan shows of it: the live ones, or all physical
/// ones when deleted rows are included.
struct FragmentSlice {
  size_t fragment = 0;  ///< index into the manifest's fragments
  RowRange rows;
  /// When set, `rows` counts over these physical rows instead: those that a filter names by number.
  std::shared_ptr<const std::vector<RowRange>> named = nullptr;
};

/// The fragments a scan visits, in order, whole: offset and limit come later.
/// \return NotFound for fragments that do not exist
arrow::Result<std::vector<FragmentSlice>> RowsOfScan(const Dataset::Impl& dataset,
                                                     const ScanOptions& options);

/// The physical ranges of a slice.
arrow::Result<std::vector<RowRange>> PhysicalRows(const Dataset::Impl& dataset,
                                                  const FragmentSlice& slice, bool include_deleted);

}  // namespace lancea
