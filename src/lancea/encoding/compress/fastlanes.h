// FastLanes bit packing: 1024 unsigned words of T bits, each cut to its low W bits, ordered so that
// one instruction unpacks as many values as fit its register.
//
//   LANES = 1024 / T lanes (128, 64, 32, 16 for T = 8, 16, 32, 64), T rows
//   value of (row, lane)  ORDER[row / 8] * 16 + (row % 8) * 128 + lane,  ORDER = 0 4 2 6 1 5 3 7
//   lane l                a little-endian stream of T values of W bits, row 0 lowest; its k-th word
//   is
//                         words[LANES * k + l]
//   bytes of a block      128 * W; none when W = 0; W = T permutes without packing
//
// Source: Afroozeh and Boncz, "The FastLanes Compression Layout", VLDB 2023, and bytes of
// pylance 14.
#pragma once

#include <cstdint>

namespace lancea::compress {

/// Values of one packed block.
constexpr int64_t kFastLanesValues = 1024;

/// Bytes of one block packed to `width` bits.
constexpr int64_t FastLanesBytes(int64_t width) { return kFastLanesValues / 8 * width; }

/// Unpack a block. T is uint8_t, uint16_t, uint32_t or uint64_t; the caller has checked that
/// 0 <= width <= 8 * sizeof(T) and that FastLanesBytes(width) bytes are at `packed`.
template <typename T>
void FastLanesUnpack(const uint8_t* packed, int width, T* out);

/// The same for values [begin, end) of the block only, written to out[0..end - begin): a few values
/// are picked one by one, more by way of the whole block.
template <typename T>
void FastLanesUnpackRange(const uint8_t* packed, int width, int64_t begin, int64_t end, T* out);

}  // namespace lancea::compress
