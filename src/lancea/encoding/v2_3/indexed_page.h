// Indexed values: wide strings that repeat, as one u32 index per row and a zipped page of the
// items.
//
// Page buffers:  0 indices (a block; empty when the message alone says them) | 1 items | 2 item
// offsets The indices are metadata, decoded once; a read fetches only the items that its rows name,
// each once.
#pragma once

#include <memory>

#include "lancea/encoding/structural/leaf.h"
#include "lancea/encoding/structural/page.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea::v2_3 {

/// \param indices        of 32 bits
/// \param index_range    page buffer 0, read if the indices have a payload
/// \param items          page of `num_items` rows of the leaf's type, without levels
std::unique_ptr<StructuralPage> MakeIndexedPage(std::shared_ptr<const Leaf> leaf, uint64_t num_rows,
                                                std::unique_ptr<BlockDecoder> indices,
                                                ByteRange index_range,
                                                std::unique_ptr<StructuralPage> items,
                                                uint64_t num_items);

}  // namespace lancea::v2_3
