// Decoded pages of the leaves of one field -> Arrow arrays of that field.
//
// Each leaf's page first becomes a path array: the nested array with just this leaf in it, for
// struct<a, list<struct<b, c>>> and leaf b the array struct<list<struct<b>>>. Structure is stored
// redundantly in every leaf, so sibling paths then merge into one array that takes validity and
// offsets from the first leaf and the children from each.
#pragma once

#include <memory>
#include <span>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/structural/field_tree.h"
#include "lancea/encoding/structural/page.h"

namespace lancea {

/// The innermost `num_layers` layers of the path array of leaf `leaf` of `root`, for one page.
arrow::Result<std::shared_ptr<arrow::ArrayData>> MakePathArray(const FieldNode& root, size_t leaf,
                                                               DecodedPage page, size_t num_layers,
                                                               arrow::MemoryPool* pool);

/// Merge path arrays, one per leaf of `node` in order; nullptr where the file has no such column, which
/// reads as null. At least one is not nullptr: the first has `node` as its outermost layer, each other
/// begins where it parts from those before it.
/// \return Corrupt when siblings disagree about their structure
arrow::Result<std::shared_ptr<arrow::ArrayData>> MergePaths(
    const FieldNode& node, std::span<const std::shared_ptr<arrow::ArrayData>> paths,
    arrow::MemoryPool* pool);

}  // namespace lancea
