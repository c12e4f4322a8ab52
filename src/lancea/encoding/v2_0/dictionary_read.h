// Dictionary pages of 2.0, decoded to values.
//
// Index 0 is null and index k is items[k - 1]: the form the writer chooses by itself for strings. (Columns
// of Arrow dictionary type keep plain indices and are read by field_reader.cc, which needs the items too.)
#pragma once

#include "lancea/encoding/v2_0/array_read.h"

namespace lancea::v2_0 {

/// A read of all the items of `dictionary`.
arrow::Result<std::unique_ptr<ArrayRead>> MakeItemsRead(
    const lance::encodings::Dictionary& dictionary, const ArrayContext& context);
arrow::Result<std::unique_ptr<ArrayRead>> MakeDictionaryRead(
    const lance::encodings::Dictionary& dictionary, std::span<const RowRange> ranges,
    const ArrayContext& context);

/// Width in bits of the indices, which says how to read them; Unsupported when it cannot be told.
arrow::Result<uint64_t> IndexBits(const ArrayEncoding& indices, int depth = 0);

}  // namespace lancea::v2_0
