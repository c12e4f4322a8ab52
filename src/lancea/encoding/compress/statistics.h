// What encoders measure about a block of values before they choose an encoding. Each measure is one pass
// at about the speed of memory, or looks at a sample.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lancea/encoding/value_block.h"

namespace lancea {

/// Of values of 8, 16, 32 or 64 bits, as unsigned numbers.
struct FixedStatistics {
  int64_t num_values = 0;
  uint64_t bits_per_value = 0;
  /// Bits that the largest value of each 1,024 values needs.
  std::vector<uint8_t> block_widths;
  /// Maximal runs of equal neighbours.
  int64_t num_runs = 0;

  int max_width() const;
  /// Bytes as inline bit-packing.
  int64_t inline_bitpacked_bytes() const;
};

/// True for the widths that FixedStatistics and the encodings of integers know.
constexpr bool IsWordWidth(uint64_t bits) {
  return bits == 8 || bits == 16 || bits == 32 || bits == 64;
}

/// \param block  fixed values of a word width, not lists
FixedStatistics MeasureFixed(const ValueBlock& block);

/// Entries that run lengths of 8 bits take if no run crosses a multiple of `chunk_values`.
int64_t CountRunEntries(const ValueBlock& block, int64_t chunk_values);

struct VariableStatistics {
  int64_t num_values = 0;
  int64_t total_bytes = 0;
  int64_t max_length = 0;
};

VariableStatistics MeasureVariable(const ValueBlock& block);

/// Mean over the byte positions of a value of the bits of entropy of that byte, 0 to 8, of a sample.
double ByteEntropy(const ValueBlock& block);

/// Are the chosen values all the same, bit by bit? Stops at the first that differs.
/// \param selection  one bit per value, LSB first; nullptr: all values
/// \return index of one of them; nothing when two differ or none is chosen, or when fixed-size lists
///   have item validity
std::optional<int64_t> AllEqual(const ValueBlock& block, const uint8_t* selection);

}  // namespace lancea
