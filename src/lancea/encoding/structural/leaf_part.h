// Rows of one leaf column as Arrow holds them: the layers above the leaf, and the leaf's values.
//
// Nothing is copied or looked at when rows are shredded: a part refers to Arrow's buffers, and slots
// are numbered as the buffers have them (offsets of slices included). What lies behind nulls (items of
// null lists, children of null structs) is still there; level_builder.h leaves it out.
//
//   field  l: list<struct<x, y>>      leaf x: layers [list l, item struct, item x], values x
//                                     leaf y: layers [list l, item struct, item y], values y
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/structural/field_tree.h"

namespace lancea {

/// A stretch [begin, end) of slots of one layer.
struct SlotRange {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
};

/// One structural layer of a part.
struct PartLayer {
  enum class Kind { kItem, kList, kFixedSizeList };
  Kind kind = Kind::kItem;
  SlotRange slots;
  std::shared_ptr<arrow::Buffer> validity;  ///< a bit per slot; nullptr: all valid, or all null:
  bool all_null = false;                    ///< the null type has no bitmap
  std::shared_ptr<arrow::Buffer> offsets;   ///< kList: list i is [offsets[i], offsets[i + 1])
  bool large_offsets = false;               ///< they have 64 bits, not 32
  int64_t dimension = 0;                    ///< kFixedSizeList

  /// Where list `slot` begins; slots.end is allowed too.
  int64_t OffsetOf(int64_t slot) const;
};

/// Some rows of a leaf.
struct LeafPart {
  std::vector<PartLayer> layers;  ///< root -> leaf
  /// Buffers of the leaf's type; layers.back().slots says which values belong here. Storage type if the
  /// field's is an extension.
  std::shared_ptr<arrow::ArrayData> values;

  int64_t num_rows() const { return layers.front().slots.size(); }
};

/// Take rows apart, one part per leaf in the tree's order.
/// \param rows  of the tree's type
/// \return InvalidInput when the array is not of the tree's type
arrow::Result<std::vector<LeafPart>> Shred(const FieldTree& tree, const arrow::ArrayData& rows);

/// Rows [begin, begin + num_rows) of a part. Costs nothing but the depth.
LeafPart SliceRows(const LeafPart& part, int64_t begin, int64_t num_rows);

/// Bytes of the values and their structure, uncompressed.
uint64_t PlainBytes(const LeafPart& part);

}  // namespace lancea
