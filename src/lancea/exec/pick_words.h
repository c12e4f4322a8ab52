// Values of 4 or 8 bytes whose bit is set, one behind the other.
#pragma once

#include <cstdint>
#include <span>

namespace lancea {

/// Bytes behind the picked values that PickWords may overwrite.
inline constexpr int64_t kPickRoom = 32;

/// \param values  `count` values of `width` bytes, 4 or 8
/// \param words   bit `first_bit` + i of these, LSB first, says whether value i is picked
/// \param out     room for the picked values and kPickRoom bytes
/// \return where the picked values end
uint8_t* PickWords(const uint8_t* values, int64_t count, int width, std::span<const uint64_t> words,
                   int64_t first_bit, uint8_t* out);

}  // namespace lancea
