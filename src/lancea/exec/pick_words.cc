#include "lancea/exec/pick_words.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

namespace lancea {
namespace {

// Bits [at, at + 8) of `words`; those behind the end are 0.
uint8_t EightBits(std::span<const uint64_t> words, int64_t at) {
  const auto word = static_cast<size_t>(at / 64);
  const int shift = static_cast<int>(at % 64);
  uint64_t bits = words[word] >> shift;
  if (shift > 56 && word + 1 < words.size()) bits |= words[word + 1] << (64 - shift);
  return static_cast<uint8_t>(bits);
}

template <int width>
uint8_t* PickOneByOne(const uint8_t* values, int64_t begin, int64_t count,
                      std::span<const uint64_t> words, int64_t first_bit, uint8_t* out) {
  for (int64_t i = begin; i < count; ++i) {
    const auto bit = static_cast<size_t>(first_bit + i);
    std::memcpy(out, values + i * width, width);
    out += (words[bit / 64] >> bit % 64 & 1) != 0 ? width : 0;
  }
  return out;
}

#if defined(__x86_64__) && defined(__GNUC__)
// For each mask of eight values of 32 bits, which of them go to the front.
constexpr std::array<std::array<uint8_t, 8>, 256> MakeOrders() {
  std::array<std::array<uint8_t, 8>, 256> out{};
  for (unsigned mask = 0; mask < 256; ++mask) {
    size_t next = 0;
    for (uint8_t bit = 0; bit < 8; ++bit) {
      if ((mask >> bit & 1) != 0) out[mask][next++] = bit;
    }
  }
  return out;
}
constexpr std::array<std::array<uint8_t, 8>, 256> kOrders = MakeOrders();

// The mask of halves of four values of 64 bits.
constexpr std::array<uint8_t, 16> MakeHalves() {
  std::array<uint8_t, 16> out{};
  for (unsigned mask = 0; mask < 16; ++mask) {
    for (unsigned bit = 0; bit < 4; ++bit) {
      if ((mask >> bit & 1) != 0) out[mask] = static_cast<uint8_t>(out[mask] | 3u << (2 * bit));
    }
  }
  return out;
}
constexpr std::array<uint8_t, 16> kHalves = MakeHalves();

// Move those of 32 bytes that `mask` names, by 32 bits, to the front of `out`.
__attribute__((target("avx2"), always_inline)) inline void PickHalves(const uint8_t* values,
                                                                      uint8_t mask, uint8_t* out) {
  const __m256i order =
      _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(kOrders[mask].data())));
  const __m256i from = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permutevar8x32_epi32(from, order));
}

template <int width>
__attribute__((target("avx2,popcnt"))) uint8_t* PickAvx2(const uint8_t* values, int64_t count,
                                                         std::span<const uint64_t> words,
                                                         int64_t first_bit, uint8_t* out) {
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const uint8_t mask = EightBits(words, first_bit + i);
    const uint8_t* const from = values + i * width;
    if constexpr (width == 4) {
      PickHalves(from, mask, out);
      out += 4 * __builtin_popcount(mask);
    } else {
      PickHalves(from, kHalves[mask & 15], out);
      out += 8 * __builtin_popcount(mask & 15u);
      PickHalves(from + 32, kHalves[mask >> 4], out);
      out += 8 * __builtin_popcount(mask >> 4);
    }
  }
  return PickOneByOne<width>(values, i, count, words, first_bit, out);
}

bool HasAvx2() {
  static const bool kHas = (__builtin_cpu_init(), __builtin_cpu_supports("avx2") != 0 &&
                                                      __builtin_cpu_supports("popcnt") != 0);
  return kHas;
}
#endif

}  // namespace

uint8_t* PickWords(const uint8_t* values, int64_t count, int width, std::span<const uint64_t> words,
                   int64_t first_bit, uint8_t* out) {
#if defined(__x86_64__) && defined(__GNUC__)
  if (HasAvx2()) {
    return width == 4 ? PickAvx2<4>(values, count, words, first_bit, out)
                      : PickAvx2<8>(values, count, words, first_bit, out);
  }
#endif
  return width == 4 ? PickOneByOne<4>(values, 0, count, words, first_bit, out)
                    : PickOneByOne<8>(values, 0, count, words, first_bit, out);
}

}  // namespace lancea
