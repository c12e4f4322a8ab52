// variable: values of any length, offsets beside them.
//
//   mini-block  one buffer: (n + 1) offsets of 32 or 64 bits counted from the buffer's first byte (so
//               offset 0 is (n + 1) * width), then the bytes.  2.3 may encode the offsets with a block
//               encoding instead: then [offsets payload, if it has one] and the bytes are two buffers
//               and offsets start at 0.
//   block       [bits per offset][position of the bytes][n + 1 offsets from 0][bytes], each number of 32
//               bits when offsets are, of 64 when they are.  Early 2.1 files: u8 bits per offset, the
//               number of values, the position of the bytes, unaligned.
//   per value   the bytes themselves
#pragma once

#include <memory>
#include <vector>

#include "lancea/encoding/compress/encoding_message.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeVariableMiniBlock(
    const EncodingMessage& message, int depth);
arrow::Result<std::unique_ptr<BlockDecoder>> MakeVariableBlock(const EncodingMessage& message);
arrow::Result<std::unique_ptr<PerValueDecoder>> MakeVariablePerValue(
    const EncodingMessage& message);

/// The offsets of values [begin, end) of a mini-block buffer, checked to ascend and to lie inside.
/// Those of other values are not looked at: a take wants one of thousands.
/// \param aligned  takes a copy of the offsets when the buffer lies at an address unfit for them
/// \return end - begin + 1 offsets, into `buffer` or `aligned`
template <typename Offset>
arrow::Result<const Offset*> CheckMiniBlockOffsets(Bytes buffer, int64_t num_values, int64_t begin,
                                                   int64_t end, std::vector<Offset>* aligned);

}  // namespace lancea
