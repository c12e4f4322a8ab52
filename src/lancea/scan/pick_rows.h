// Rows that a selection leaves, out of columns that were read whole.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/exec/selection.h"

namespace lancea {

/// The arrays as one.
arrow::Result<std::shared_ptr<arrow::Array>> JoinArrays(
    const arrow::ArrayVector& arrays, const std::shared_ptr<arrow::DataType>& type,
    arrow::MemoryPool* pool);

/// The rows left of arrays that together hold all rows of the selection, as one array of `type`.
/// \param arrays     of `type`, or encoded arrays of it
/// \param positions  left.Positions() if they are known, else empty; set when they are needed
arrow::Result<std::shared_ptr<arrow::Array>> PickRows(const arrow::ArrayVector& arrays,
                                                      const Selection& left,
                                                      const std::shared_ptr<arrow::DataType>& type,
                                                      arrow::MemoryPool* pool,
                                                      std::vector<uint32_t>* positions);

}  // namespace lancea
