// Levels -> layers: turns the repetition and definition levels of a page into Arrow's validity
// bitmaps and offsets, layer by layer from the leaf outward.
//
// Worked example, list<int32> rows [[1, 2], null, [], [3]] with layers [kAllValidItem,
// kNullAndEmptyList] (null list = 1, empty list = 2):
//   rep 1 0 1 1 1      def 0 0 1 2 0
//   leaf: events with def 0 own a value: 3 slots, all valid
//   list: events with rep >= 1 own a slot: 4; offsets 0 2 2 2 3; validity 1 0 1 1
// Passing a list layer outward keeps only the events that start one of its lists; passing a
// fixed-size-list layer of dimension d keeps one event in d (the writer repeats levels d times).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/structural/page.h"
#include "lancea/encoding/structural/repdef_layers.h"

namespace lancea {

/// \param layers      what the levels mean
/// \param dimensions  one per layer, leaf -> root: d for a fixed-size list of dimension d that is a
///                    structural layer, 0 otherwise
/// \param rep, def    num_levels entries each, or empty when the page stores none
/// \param num_levels  events; without rep and def the number of leaf slots
/// \param num_layers  how many of `layers` to make, from the leaf outward
/// \return num_layers layers; Corrupt when levels contradict the layers
arrow::Result<std::vector<StructureLayer>> Unravel(
    const RepDefLayers& layers, std::span<const int64_t> dimensions, std::span<const uint16_t> rep,
    std::span<const uint16_t> def, int64_t num_levels, size_t num_layers, arrow::MemoryPool* pool);

}  // namespace lancea
