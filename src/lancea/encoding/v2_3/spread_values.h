// Stored values -> leaf slots: puts each run of values at its slots and leaves the gaps empty.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/io/row_range.h"

namespace lancea::v2_3 {

/// \param stored    as many slots as `targets` hold, without validity of its own
/// \param targets   ascending, disjoint, below `num_slots`: where the stored values go, in order
/// \return an array of `num_slots` slots: zeros, empty strings and the like in the gaps. The bytes
/// of
///   variable-width values are shared, not copied. `stored` itself when there are no gaps.
arrow::Result<std::shared_ptr<arrow::ArrayData>> SpreadValues(
    const std::shared_ptr<arrow::ArrayData>& stored, std::span<const RowRange> targets,
    int64_t num_slots, arrow::MemoryPool* pool);

/// `num_slots` slots of nothing, without validity of their own.
arrow::Result<std::shared_ptr<arrow::ArrayData>> EmptyValues(
    const std::shared_ptr<arrow::DataType>& type, int64_t num_slots, arrow::MemoryPool* pool);

}  // namespace lancea::v2_3
