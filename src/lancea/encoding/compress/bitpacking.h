// Bit-packing: values of a few bits in FastLanes order (fastlanes.h).
//
//   inline_bitpacking{uncompressed_bits_per_value}   blocks of 1,024 values, each a word of the value's
//       width holding W, then the packed words; the last block is padded to 1,024
//   out_of_line_bitpacking{uncompressed_bits_per_value, values: flat{W}}   blocks without a header; the
//       last is packed and padded, or raw words: the buffer's length tells which
#pragma once

#include <memory>

#include "lancea/encoding/compress/encoding_message.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeInlineBitpackingMiniBlock(
    const EncodingMessage& message);
arrow::Result<std::unique_ptr<BlockDecoder>> MakeInlineBitpackingBlock(
    const EncodingMessage& message);
arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeOutOfLineBitpackingMiniBlock(
    const EncodingMessage& message);
arrow::Result<std::unique_ptr<BlockDecoder>> MakeOutOfLineBitpackingBlock(
    const EncodingMessage& message);

}  // namespace lancea
