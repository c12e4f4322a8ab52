// From a block of values to its encoding, one function per place an encoding can stand; the mirror of
// make_decoder.h. What is chosen and why is in choose.h. All are pure and may run on many threads.
//
// Errors: InvalidInput for a block that contradicts itself (value_block.h) or options that cannot be
// served; Unsupported for shapes the format has no encoding for.
#pragma once

#include "arrow/result.h"
#include "lancea/encoding/compress/level_encoder.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/value_encoder.h"

namespace lancea {

/// Measure, choose, encode, cut into chunks. Variable, fixed, fixed-size lists and packed structs of fixed
/// children.
/// \param max_chunk_values  at most so many values a chunk (rounded down to a power of two), for callers
///   whose chunks hold many more levels than values; 0: as many as suit the encoding
/// \return InvalidInput too when values are too wide: two of them must fit a chunk (16 KiB in 2.1)
arrow::Result<MiniBlockEncoding> EncodeMiniBlock(const ValueBlock& block,
                                                 const EncodingOptions& options,
                                                 arrow::MemoryPool* pool,
                                                 int64_t max_chunk_values = 0);

/// Values that full-zip pages store one by one. 1-bit values become bytes; a struct with variable children
/// becomes rows of a variable block.
arrow::Result<PerValueEncoding> EncodePerValue(const ValueBlock& block,
                                               const EncodingOptions& options,
                                               arrow::MemoryPool* pool);

/// All values in one piece, plain.
arrow::Result<BlockEncoding> EncodeBlock(const ValueBlock& block, const EncodingOptions& options,
                                         arrow::MemoryPool* pool);

/// The items of a page's dictionary: plain in 2.1, from 2.2 on compressed where that saves bytes.
arrow::Result<BlockEncoding> EncodeDictionaryValues(const ValueBlock& items,
                                                    const EncodingOptions& options,
                                                    arrow::MemoryPool* pool);

}  // namespace lancea
