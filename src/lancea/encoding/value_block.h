// Values on their way to disk: what encoders of compressive encodings take.
//
// A block has no nulls: where a value is null stands a placeholder (zero bits, an empty value), and the
// levels of its page say so. Shapes:
//   fixed     bits_per_value is 1 (LSB-first bitmap) or a multiple of 8; `values` is contiguous
//   variable  bits_per_offset is 32 or 64; `offsets` holds num_values + 1 offsets that start at 0, into
//             `values`
//   list      fixed-size lists of innermost fixed items: list_levels names each level, outermost first;
//             `values` holds num_values * items_per_value() items of bits_per_value each
//   struct    a packed struct: every child has num_values values
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/type_fwd.h"

namespace lancea {

/// One level of fixed-size lists.
struct FixedSizeListLevel {
  uint64_t dimension = 0;
  /// One bit per item of this level over the whole block, LSB first, 1 = valid; nullptr: all valid.
  std::shared_ptr<arrow::Buffer> item_validity;
};

/// A plain value; buffers are shared, not copied.
struct ValueBlock {
  int64_t num_values = 0;
  uint64_t bits_per_value = 0;   ///< of one innermost item; 0 when variable or a struct
  uint64_t bits_per_offset = 0;  ///< 0 unless variable
  std::shared_ptr<arrow::Buffer> values;
  std::shared_ptr<arrow::Buffer> offsets;
  std::vector<FixedSizeListLevel> list_levels;
  std::vector<ValueBlock> children;
  /// The values are text: compressed as strings unless the options say otherwise.
  bool is_utf8 = false;

  bool is_variable() const { return bits_per_offset != 0; }
  bool is_struct() const { return !children.empty(); }
  uint64_t items_per_value() const {
    uint64_t items = 1;
    for (const FixedSizeListLevel& level : list_levels) items *= level.dimension;
    return items;
  }
};

}  // namespace lancea
