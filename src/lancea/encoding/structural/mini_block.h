// Mini-block pages: small values in chunks that are decoded as a whole.
//
// Page buffers:  0 chunk words | 1 chunks back to back | dictionary, if any | repetition index, if any
//
// Chunk word (u16 in 2.1, u32 in 2.2: has_large_chunk), one per chunk:
//   bits above 4: chunk bytes / 8 - 1     bits 3..0: log2(values in the chunk)
//   The last chunk holds what is left of num_items, whatever its log says (writers put 0, or the real
//   log when it is exactly full).
//
// Chunk:
//   u16 num_levels                 0 when the page stores neither repetition nor definition levels
//   u16 rep_size, u16 def_size     each only if the page stores such levels
//   u16 value_size[num_buffers]    u32 when has_large_chunk
//   pad8 | rep | pad8 | def | pad8 | value[0] | pad8 | ... | value[num_buffers - 1] | pad8
// num_levels counts events: nulls and empties of outer lists have levels but no value.
//
// Repetition index (depth 1): per chunk two u64, (rows finished in the chunk, levels left over after
// the last finished row). Left-over levels are the head of a row that goes on in the next chunk.
//
// Invariants checked here: words sum to no more than buffer 1; every size lies inside its chunk; values
// sum to num_items; the repetition index sums to the page's rows.
// All integers little-endian. Source: encodings_v2_1.proto MiniBlockLayout and bytes of pylance 14.0.2.
#pragma once

#include <memory>
#include <vector>

#include "lancea/encoding/structural/leaf.h"
#include "lancea/encoding/structural/page.h"
#include "lancea/encoding/structural/repdef_layers.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

/// The layout message in neutral form; 2.3's dense chunked pages say the same in other words.
struct MiniBlockLayout {
  std::unique_ptr<BlockDecoder> rep;  ///< nullptr: no repetition levels stored
  std::unique_ptr<BlockDecoder> def;  ///< nullptr: no definition levels stored
  std::unique_ptr<MiniBlockDecoder> values;
  std::unique_ptr<BlockDecoder> dictionary;  ///< nullptr: values are no indices
  uint64_t num_dictionary_items = 0;
  RepDefLayers layers;
  uint32_t repetition_index_depth = 0;
  uint64_t num_items = 0;  ///< values in the page, null placeholders included
  bool has_large_chunk = false;
};

/// \param page    its buffers in the order above
/// \param layout  taken over
arrow::Result<std::unique_ptr<StructuralPage>> MakeMiniBlockPage(std::shared_ptr<const Leaf> leaf,
                                                                 const PageInfo& page,
                                                                 MiniBlockLayout layout);

}  // namespace lancea
