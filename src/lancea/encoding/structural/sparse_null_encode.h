// Pages of 2.3 whose leaf is a value nowhere, under layers that say more than that.
//
// Dense pages of 2.3 without values tell no structure, so these are sparse: each layer's nulls and
// non-empty lists as ascending u64 positions, and no value plane. Buffers: one for each sequence that is
// neither empty, a single value nor evenly spaced, layer by layer from the root: non-empty positions,
// counts, validity.
// Source: encodings_v2_3.proto SparseStructure and bytes of pylance 14.0.2.
#pragma once

#include <cstdint>
#include <span>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/structural/encoded_page_body.h"
#include "lancea/encoding/structural/level_builder.h"

namespace lancea {

/// \param dimensions  of the leaf's layers, see leaf.h
/// \return a body with `planar` set
arrow::Result<PageBody> EncodeSparseNull(const PageLevels& levels,
                                         std::span<const int64_t> dimensions,
                                         arrow::MemoryPool* pool);

}  // namespace lancea
