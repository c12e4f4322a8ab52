// Integers of a few bits each; writers until about 0.2x.
//
//   bitpacked_for_non_neg{compressed_bits_per_value W, uncompressed_bits_per_value, buffer}
//       blocks of 1,024 values in FastLanes order (compress/fastlanes.h), 128 * W bytes each, the last one
//       padded; a read asks for the blocks it touches
//   bitpacked{compressed_bits_per_value W, uncompressed_bits_per_value, buffer, signed}
//       one little-endian bit stream, value i at bits [i * W, (i + 1) * W); signed: two's complement of W
//       bits; a read asks for exactly the bytes it touches
#pragma once

#include "lancea/encoding/v2_0/make_decoder.h"

namespace lancea::v2_0 {

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeBitpackedForNonNeg(
    const pb::BitpackedForNonNeg& packed, const std::shared_ptr<arrow::DataType>& type,
    uint64_t num_rows, const PageContext& context);

arrow::Result<std::unique_ptr<ArrayDecoder>> MakeBitpacked(const pb::Bitpacked& packed,
                                                           const std::shared_ptr<arrow::DataType>& type,
                                                           uint64_t num_rows,
                                                           const PageContext& context);

}  // namespace lancea::v2_0
