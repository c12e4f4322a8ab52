// A whole filtered scan into memory, or its count: pieces of rows filtered side by side.
#pragma once

#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/scan/filtered_read.h"

namespace lancea {

/// \param slices  in order; the rows to look at
arrow::Result<std::shared_ptr<arrow::Table>> ReadFilteredTable(
    const FilteredScan& scan, const std::vector<FragmentSlice>& slices);

arrow::Result<int64_t> CountFiltered(const FilteredScan& scan,
                                     const std::vector<FragmentSlice>& slices);

}  // namespace lancea
