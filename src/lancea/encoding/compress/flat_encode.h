// The writing side of flat.h and packed_struct.h.
#pragma once

#include "arrow/result.h"
#include "lancea/encoding/compress/choose.h"
#include "lancea/encoding/value_encoder.h"

namespace lancea {

/// flat, below the block's levels of fixed-size lists.
EncodingMessage DescribeFlat(const ValueBlock& block);

/// Fixed values or fixed-size lists. Buffers are shared with the block where chunks end at whole bytes.
/// \return InvalidInput when two values do not fit one chunk
arrow::Result<MiniBlockEncoding> EncodeFlatMiniBlock(const ValueBlock& block,
                                                     const ChunkLimits& limits,
                                                     arrow::MemoryPool* pool);

/// Fixed values or fixed-size lists as rows of whole bytes; 1-bit values take a byte, item validity stands
/// before the items.
arrow::Result<PerValueEncoding> EncodeFlatPerValue(const ValueBlock& block,
                                                   arrow::MemoryPool* pool);

/// Fixed values or fixed-size lists back to back.
arrow::Result<BlockEncoding> EncodeFlatBlock(const ValueBlock& block, arrow::MemoryPool* pool);

/// The children of a struct row by row: fixed values without levels.
/// \param description  packed_struct over flat
/// \return InvalidInput for children that are not fixed, not whole bytes or have item validity
arrow::Result<ValueBlock> PackStruct(const ValueBlock& block, EncodingMessage* description,
                                     arrow::MemoryPool* pool);

}  // namespace lancea
