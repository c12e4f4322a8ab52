// What stands where a value is null: zero bits in fixed-width values, no bytes in variable-width ones.
// It compresses best, and nothing of what the writer's memory held gets to disk.
#pragma once

#include <cstdint>
#include <span>

#include "arrow/status.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/value_block.h"

namespace lancea {

/// Replace the null values of a block. Buffers are copied only if a null holds something.
/// \param valid  a bit per value, 1 = valid
arrow::Status ClearNulls(std::span<const uint64_t> valid, arrow::MemoryPool* pool,
                         ValueBlock* values);

}  // namespace lancea
