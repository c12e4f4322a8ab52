// dictionary as a block (2.3): u32 indices into items of 32 or 64 bits.
//
// Payload: u64 bytes of the indices, u64 bytes of the items, indices, items; a part whose encoding stores nothing is empty.
#pragma once

#include <memory>

#include "lancea/encoding/compress/encoding_message.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

arrow::Result<std::unique_ptr<BlockDecoder>> MakeDictionaryBlock(const EncodingMessage& message,
                                                                 int depth);

}  // namespace lancea
