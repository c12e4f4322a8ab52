// The writing side of variable.h.
#pragma once

#include "arrow/result.h"
#include "lancea/encoding/compress/choose.h"
#include "lancea/encoding/value_encoder.h"

namespace lancea {

/// \return InvalidInput when two values do not fit one chunk
arrow::Result<MiniBlockEncoding> EncodeVariableMiniBlock(const ValueBlock& block,
                                                         const ChunkLimits& limits,
                                                         arrow::MemoryPool* pool);

arrow::Result<BlockEncoding> EncodeVariableBlock(const ValueBlock& block, arrow::MemoryPool* pool);

}  // namespace lancea
