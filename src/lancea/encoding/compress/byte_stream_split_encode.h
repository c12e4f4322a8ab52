// The writing side of byte_stream_split.h.
#pragma once

#include "arrow/result.h"
#include "lancea/encoding/compress/choose.h"
#include "lancea/encoding/value_encoder.h"

namespace lancea {

/// Byte j of all `num_values` values at out[j * num_values ..]. `width` is 4 or 8 bytes.
void SplitByteStreams(const uint8_t* values, int64_t num_values, int64_t width, uint8_t* out);

/// \param block  fixed values of 32 or 64 bits, not lists
arrow::Result<MiniBlockEncoding> EncodeByteStreamSplit(const ValueBlock& block,
                                                       const ChunkLimits& limits,
                                                       arrow::MemoryPool* pool);

}  // namespace lancea
