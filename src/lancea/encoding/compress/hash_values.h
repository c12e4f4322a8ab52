// Hashes of the values of a block, 64 bits, for tables in memory only: they may differ between builds.
#pragma once

#include <cstdint>
#include <cstring>

#include "lancea/encoding/compress/block_bytes.h"

namespace lancea {

/// Both halves of the 128-bit product, folded.
inline uint64_t MultiplyFold(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t HashBytes(const uint8_t* bytes, size_t size) {
  constexpr uint64_t kFirst = 0x9E3779B97F4A7C15u, kSecond = 0xD1B54A32D192ED03u;
  uint64_t hash = kFirst ^ size;
  while (size > 16) {
    hash = MultiplyFold(LoadLittleEndian<uint64_t>(bytes) ^ kSecond,
                        LoadLittleEndian<uint64_t>(bytes + 8) ^ hash);
    bytes += 16;
    size -= 16;
  }
  // The rest as two words that may overlap.
  uint64_t low = 0, high = 0;
  if (size >= 8) {
    low = LoadLittleEndian<uint64_t>(bytes);
    high = LoadLittleEndian<uint64_t>(bytes + size - 8);
  } else if (size >= 4) {
    low = LoadLittleEndian<uint32_t>(bytes);
    high = LoadLittleEndian<uint32_t>(bytes + size - 4);
  } else if (size > 0) {
    low = uint64_t{bytes[0]} | uint64_t{bytes[size / 2]} << 8 | uint64_t{bytes[size - 1]} << 16;
  }
  return MultiplyFold(low ^ kSecond, high ^ hash);
}

/// Values of a variable block.
template <typename Offset>
struct VariableKeys {
  const Offset* offsets;
  const uint8_t* bytes;
  size_t size(int64_t i) const { return static_cast<size_t>(offsets[i + 1] - offsets[i]); }
  uint64_t Hash(int64_t i) const { return HashBytes(bytes + offsets[i], size(i)); }
  bool Equal(int64_t a, int64_t b) const {
    return size(a) == size(b) && std::memcmp(bytes + offsets[a], bytes + offsets[b], size(a)) == 0;
  }
};

/// Values of kWidth bytes, 8 or 16.
template <size_t kWidth>
struct FixedKeys {
  const uint8_t* bytes;
  size_t size(int64_t) const { return kWidth; }
  const uint8_t* at(int64_t i) const { return bytes + static_cast<size_t>(i) * kWidth; }
  uint64_t Hash(int64_t i) const {
    const uint64_t low = LoadLittleEndian<uint64_t>(at(i));
    const uint64_t high = kWidth == 16 ? LoadLittleEndian<uint64_t>(at(i) + kWidth - 8) : 0;
    return MultiplyFold(low ^ 0x9E3779B97F4A7C15u, high ^ 0xD1B54A32D192ED03u);
  }
  bool Equal(int64_t a, int64_t b) const { return std::memcmp(at(a), at(b), kWidth) == 0; }
};

}  // namespace lancea
