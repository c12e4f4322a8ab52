// Variable-width values of 2.0.
//
//   binary{indices, bytes, null_adjustment}   u64 end offsets without the leading 0; a null stores its
//       predecessor's end + null_adjustment, so end >= null_adjustment means null
//   fsst{binary, symbol_table}                binary whose values are FSST codes
//   fixed_size_binary{bytes, byte_width}      values of one length without offsets
#pragma once

#include "lancea/encoding/arrays20/array_read.h"

namespace lancea::v2_0 {

arrow::Result<std::unique_ptr<ArrayRead>> MakeBinaryRead(const lance::encodings::Binary& binary,
                                                         std::span<const RowRange> ranges,
                                                         const ArrayContext& context);
arrow::Result<std::unique_ptr<ArrayRead>> MakeFsstRead(const lance::encodings::Fsst& fsst,
                                                       std::span<const RowRange> ranges,
                                                       const ArrayContext& context);
arrow::Result<std::unique_ptr<ArrayRead>> MakeFixedSizeBinaryRead(
    const lance::encodings::FixedSizeBinary& binary, std::span<const RowRange> ranges,
    const ArrayContext& context);

}  // namespace lancea::v2_0
