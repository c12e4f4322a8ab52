// packed_struct: the fixed-width children of a struct row by row, without padding. Decodes to rows as wide
// as all children together; the leaf's type says how to split them.
#pragma once

#include <memory>

#include "lancea/encoding/compress/encoding_message.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakePackedStructMiniBlock(
    const EncodingMessage& message);
arrow::Result<std::unique_ptr<PerValueDecoder>> MakePackedStructPerValue(
    const EncodingMessage& message);

}  // namespace lancea
