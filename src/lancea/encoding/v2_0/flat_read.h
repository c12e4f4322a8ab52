// Fixed-width leaves of 2.0: flat, bit-packed and constant values.
//
//   flat                    values back to back, 1-bit values LSB first; optionally the whole buffer zstd
//   bitpacked               a contiguous little-endian bit stream, sign-extended when `signed`
//   bitpacked_for_non_neg   FastLanes blocks of 1,024, the last one padded
//   constant                one value for all
#pragma once

#include "lancea/encoding/v2_0/array_read.h"

namespace lancea::v2_0 {

arrow::Result<std::unique_ptr<ArrayRead>> MakeFlatRead(const lance::encodings::Flat& flat,
                                                       std::span<const RowRange> ranges,
                                                       const ArrayContext& context);
/// Rows of `bits_per_value` bits of an uncompressed buffer.
arrow::Result<std::unique_ptr<ArrayRead>> MakePlainRead(const lance::encodings::Buffer& buffer,
                                                        uint64_t bits_per_value,
                                                        std::span<const RowRange> ranges,
                                                        const ArrayContext& context);
arrow::Result<std::unique_ptr<ArrayRead>> MakeBitpackedRead(
    const lance::encodings::Bitpacked& packed, std::span<const RowRange> ranges,
    const ArrayContext& context);
arrow::Result<std::unique_ptr<ArrayRead>> MakeFastLanesRead(
    const lance::encodings::BitpackedForNonNeg& packed, std::span<const RowRange> ranges,
    const ArrayContext& context);
arrow::Result<std::unique_ptr<ArrayRead>> MakeConstantRead(
    const lance::encodings::Constant& constant, std::span<const RowRange> ranges);

/// The byte range of a page buffer.
arrow::Result<ByteRange> PageBuffer(const lance::encodings::Buffer& buffer, const PageInfo& page);

}  // namespace lancea::v2_0
