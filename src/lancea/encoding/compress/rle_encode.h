// The writing side of rle.h: run lengths of 8 bits, longer runs are repeated; no run crosses a chunk.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "arrow/result.h"
#include "lancea/encoding/value_encoder.h"

namespace lancea {

/// Longest run of one entry.
inline constexpr int64_t kMaxRunLength = 255;

/// \param block       fixed values of a word width
/// \param max_values  per chunk, a power of two
/// \param max_bytes   of both buffers of a chunk; chunks of two values may exceed it
arrow::Result<MiniBlockEncoding> EncodeRunLengths(const ValueBlock& block, int64_t max_values,
                                                  int64_t max_bytes, arrow::MemoryPool* pool);

/// Entries of `levels` as one block.
int64_t CountRunEntries(std::span<const uint16_t> levels);

/// Bytes of a block of so many entries: u64 bytes of the values, values, lengths.
constexpr int64_t RunLengthBlockBytes(int64_t entries) { return 8 + entries * 3; }

/// Append levels as a block.
void AppendRunLengthBlock(std::span<const uint16_t> levels, std::vector<uint8_t>* out);

}  // namespace lancea
