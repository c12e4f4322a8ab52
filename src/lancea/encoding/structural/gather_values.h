// The leaf values that a page owns as one value block: what the encoders of compressive encodings take.
//
// A page that is one slice of one array without nulls shares its buffers. Else values are copied
// together, and null slots become placeholders: zero bits, or no bytes.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/structural/leaf_part.h"
#include "lancea/encoding/structural/level_builder.h"
#include "lancea/encoding/value_block.h"

namespace lancea {

struct GatheredValues {
  ValueBlock values;                     ///< num_values of the page; dictionary arrays: the indices
  std::optional<ValueBlock> dictionary;  ///< dictionary arrays
};

/// \param parts   as given to BuildLevels
/// \param valid   ValidValues(levels)
/// \return InvalidInput for a null inside a packed struct, Unsupported for a type that has no block
arrow::Result<GatheredValues> GatherValues(std::span<const LeafPart> parts,
                                           const PageLevels& levels,
                                           std::span<const uint64_t> valid,
                                           arrow::MemoryPool* pool);

/// Bytes of the largest value.
uint64_t MaxValueBytes(const ValueBlock& values);

}  // namespace lancea
