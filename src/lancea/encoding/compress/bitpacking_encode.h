// The writing side of bitpacking.h.
#pragma once

#include <cstdint>
#include <span>

#include "arrow/result.h"
#include "lancea/encoding/compress/statistics.h"
#include "lancea/encoding/value_encoder.h"

namespace lancea {

/// Chunks of 1,024 values, each with the width its values need.
arrow::Result<MiniBlockEncoding> EncodeInlineBitpacking(const ValueBlock& block,
                                                        const FixedStatistics& statistics,
                                                        arrow::MemoryPool* pool);

/// Bytes of `num_values` values of `bits` bits as out-of-line bit-packing to `width` bits. The tail is
/// packed only when that is smaller than leaving it as words: readers tell by the length.
int64_t OutOfLineBytes(int64_t num_values, uint64_t bits, int width);

/// Values, each below 2^width, to OutOfLineBytes(...) bytes at `out`. width < 8 * sizeof(T).
template <typename T>
void PackOutOfLine(std::span<const T> values, int width, uint8_t* out);

}  // namespace lancea
