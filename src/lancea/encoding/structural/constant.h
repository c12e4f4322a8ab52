// Constant pages: every visible value is the same scalar, or every value is null.
//
// Page buffers say which, together with inline_value (at most 32 bytes, little-endian; a bool is a byte):
//   no inline_value, 0 buffers           every row null, the leaf layer alone is nullable
//   no inline_value, 2 buffers rep, def  nulls and empties only; 2.1: raw u16 levels, 2.2: block-
//                                        compressed with the counts given (a stream may be absent: 0 bytes)
//   inline_value, 0 or 2 buffers         visible valid items equal inline_value; levels are raw u16
//   no inline_value, 1 or 3 buffers      buffer 0 is the scalar: u32 number of buffers, u32 length of
//                                        each, then the Arrow buffers of an array of length 1
// Source: encodings_v2_1.proto ConstantLayout and bytes of pylance 14.0.2.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lancea/encoding/structural/leaf.h"
#include "lancea/encoding/structural/page.h"
#include "lancea/encoding/structural/repdef_layers.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

struct ConstantLayout {
  std::optional<std::string> inline_value;
  std::unique_ptr<BlockDecoder> rep;  ///< nullptr: raw u16
  std::unique_ptr<BlockDecoder> def;  ///< nullptr: raw u16
  uint64_t num_rep_values = 0;        ///< used with `rep`
  uint64_t num_def_values = 0;        ///< used with `def`
  RepDefLayers layers;
};

arrow::Result<std::unique_ptr<StructuralPage>> MakeConstantPage(std::shared_ptr<const Leaf> leaf,
                                                                const PageInfo& page,
                                                                ConstantLayout layout);

/// `scalar`, an array of length 1 without nulls, repeated; the leaf of `num_values` slots.
arrow::Result<std::shared_ptr<arrow::ArrayData>> RepeatScalar(
    const std::shared_ptr<arrow::ArrayData>& scalar, int64_t num_values, arrow::MemoryPool* pool);

}  // namespace lancea
