// Levels compared 64 at a time: a bit for each.
#pragma once

#include <cstdint>

namespace lancea {

/// Levels that one mask covers.
constexpr int64_t kLevelsPerMask = 64;

/// Bit i is set when levels[i] <= bound.
uint64_t MaskAtMost(const uint16_t* levels, uint16_t bound);

/// Bit i is set when levels[i] == wanted.
uint64_t MaskEqual(const uint16_t* levels, uint16_t wanted);

/// The bits of `bits` where `mask` is set, moved together at the low end.
uint64_t CompressBits(uint64_t bits, uint64_t mask);

/// How many of `count` levels are at most `bound`.
int64_t CountAtMost(const uint16_t* levels, int64_t count, uint16_t bound);

}  // namespace lancea
