// The order in which a take asks for rows, undone and restored.
//
// Rows are read ascending and once each; a take may name them in any order and repeatedly:
//
//   asked      70 20 50 20
//   rows       20 50 70           ascending, distinct: what is read
//   positions   2  0  1  0        asked[i] = rows[positions[i]]
//
// Sorting is by digits of 11 bits, skipping digits that are the same everywhere, so that ten thousand rows
// cost tens of microseconds; comparing and searching cost twenty times that.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

struct RowOrder {
  std::vector<uint64_t> rows;
  std::vector<uint32_t> positions;  ///< empty when the rows were asked for ascending and once each
};

/// \return InvalidInput for 2^32 rows or more
arrow::Result<RowOrder> SortRows(std::vector<uint64_t> asked);

/// The values of `chunks` at `positions`, as one array. `positions` are all below the chunks' length.
/// \param chunks  not empty
arrow::Result<std::shared_ptr<arrow::Array>> RestoreOrder(const arrow::ArrayVector& chunks,
                                                          const std::vector<uint32_t>& positions,
                                                          arrow::MemoryPool* pool);

}  // namespace lancea
