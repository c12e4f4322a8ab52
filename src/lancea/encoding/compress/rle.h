// rle: runs as (value, length) pairs in two buffers.
//
//   mini-block  buffer 0 the run values, buffer 1 the run lengths (u8; 2.3 also u16, u32). Runs may sum to
//               more than the chunk holds: early writers cut a chunk inside a run and repeat the rest in
//               the next chunk, so the excess is dropped.
//   block       u64 bytes of the values, values, lengths; runs sum exactly.
// In 2.3 either buffer may be a block encoding itself; the run count then follows from the flat one.
#pragma once

#include <memory>

#include "lancea/encoding/compress/encoding_message.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeRleMiniBlock(const EncodingMessage& message,
                                                                  int depth);
arrow::Result<std::unique_ptr<BlockDecoder>> MakeRleBlock(const EncodingMessage& message,
                                                          int depth);

}  // namespace lancea
