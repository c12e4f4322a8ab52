// A whole scan into memory: pieces of columns decoded side by side.
#pragma once

#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/scan/read_plan.h"
#include "lancea/scan/scan_rows.h"

namespace lancea {

/// \param slices  as RowsOfScan gave them
arrow::Result<std::shared_ptr<arrow::Table>> ReadTable(const Dataset::Impl& dataset,
                                                       const ReadPlan& plan,
                                                       const std::vector<FragmentSlice>& slices,
                                                       const ScanOptions& options);

}  // namespace lancea
