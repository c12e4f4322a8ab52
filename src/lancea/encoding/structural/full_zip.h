// Full-zip pages: large values, each stored whole behind its control word.
//
// Page buffers:  0 zipped items back to back | 1 repetition index (present iff there is repetition or
//                the width varies)
//
// Item:   [control word] [length] [value]
//   control word  bits_rep + bits_def bits in 0, 1, 2 or 4 bytes: rep << bits_def | def
//   length        variable width only: u32 or u64 (bits_per_offset), absent when the item is null
//   value         fixed width: always there when the item is visible, null or not; variable width:
//                 `length` bytes, absent when null
// Items of nulls and empties of outer lists are a control word alone.
// Repetition index: rows + 1 byte offsets into buffer 0, each in the 1, 2, 4 or 8 bytes that the last
// one needs; width = buffer size / (rows + 1).
//
// Without control words fixed-width values lie exactly as Arrow wants them and are handed out as a view.
// Source: encodings_v2_1.proto FullZipLayout and bytes of pylance 14.0.2.
#pragma once

#include <memory>

#include "lancea/encoding/structural/leaf.h"
#include "lancea/encoding/structural/page.h"
#include "lancea/encoding/structural/repdef_layers.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

class VariablePackedStructDecoder;

/// The layout message in neutral form; 2.3's dense zipped pages say the same in other words.
struct FullZipLayout {
  uint32_t bits_rep = 0;
  uint32_t bits_def = 0;
  uint64_t bits_per_value = 0;   ///< fixed width; 0 when variable
  uint64_t bits_per_offset = 0;  ///< variable width, 32 or 64; 0 when fixed
  uint64_t num_items = 0;
  uint64_t num_visible_items = 0;
  /// Exactly one of the two is set.
  std::unique_ptr<PerValueDecoder> values;
  std::unique_ptr<VariablePackedStructDecoder> packed_struct;
  RepDefLayers layers;
};

arrow::Result<std::unique_ptr<StructuralPage>> MakeFullZipPage(std::shared_ptr<const Leaf> leaf,
                                                               const PageInfo& page,
                                                               FullZipLayout layout);

}  // namespace lancea
