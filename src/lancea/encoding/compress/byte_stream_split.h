// byte_stream_split: byte j of all n values of a chunk back to back, stream j at j * n.
#pragma once

#include <memory>

#include "lancea/encoding/compress/encoding_message.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeByteStreamSplitMiniBlock(
    const EncodingMessage& message);

}  // namespace lancea
