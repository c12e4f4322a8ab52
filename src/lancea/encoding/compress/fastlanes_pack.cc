#include "lancea/encoding/compress/fastlanes_pack.h"

#include <array>
#include <cstring>
#include <type_traits>

#include "lancea/util/byte_reader.h"

namespace lancea::compress {
namespace {

constexpr std::array<unsigned, 8> kOrder = {0, 4, 2, 6, 1, 5, 3, 7};

template <typename T>
constexpr unsigned kBits = 8 * sizeof(T);
constexpr unsigned kRowBytes = 128;

// The mirror of UnpackRows: a row of all lanes is 1024 bits and shifted as 32-bit words (64-bit for
// T = 64), masked so that no bit crosses from one lane to the next. The row that begins a packed word
// stores it, later rows add to it.
template <typename T>
[[gnu::always_inline]] inline void PackRows(const T* __restrict values, unsigned width,
                                            uint8_t* __restrict packed) {
  using Word = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  constexpr unsigned kWords = kRowBytes / sizeof(Word);
  constexpr Word kEveryLane = static_cast<Word>(~Word{0}) / static_cast<T>(~T{0});
  constexpr T kOnes = static_cast<T>(~T{0});
  const uint8_t* const from = reinterpret_cast<const uint8_t*>(values);
  for (unsigned row = 0; row < kBits<T>; ++row) {
    const unsigned shift = row * width % kBits<T>;
    uint8_t* const low = packed + row * width / kBits<T> * kRowBytes;
    const uint8_t* const row_in = from + (kOrder[row / 8] * 16 + row % 8 * 128) * sizeof(T);
    if (shift == 0) {
      std::memcpy(low, row_in, kRowBytes);
    } else {
      const Word keep = kEveryLane * static_cast<T>(kOnes << shift);
#pragma GCC unroll 1
      for (unsigned i = 0; i < kWords; ++i) {
        const Word value = (LoadLittleEndian<Word>(row_in + sizeof(Word) * i) << shift & keep) |
                           LoadLittleEndian<Word>(low + sizeof(Word) * i);
        std::memcpy(low + sizeof(Word) * i, &value, sizeof(Word));
      }
    }
    if (shift + width > kBits<T>) {
      uint8_t* const high = low + kRowBytes;
      const unsigned back = kBits<T> - shift;
      const Word keep = kEveryLane * static_cast<T>(kOnes >> back);
#pragma GCC unroll 1
      for (unsigned i = 0; i < kWords; ++i) {
        const Word value = LoadLittleEndian<Word>(row_in + sizeof(Word) * i) >> back & keep;
        std::memcpy(high + sizeof(Word) * i, &value, sizeof(Word));
      }
    }
  }
}

template <typename T>
void PackBaseline(const T* values, unsigned width, uint8_t* packed) {
  PackRows(values, width, packed);
}

template <typename T>
using PackFunction = void (*)(const T*, unsigned, uint8_t*);

#if defined(__x86_64__) && defined(__GNUC__)
template <typename T>
__attribute__((target("avx2"))) void PackAvx2(const T* values, unsigned width, uint8_t* packed) {
  PackRows(values, width, packed);
}

template <typename T>
PackFunction<T> ChoosePack() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") ? &PackAvx2<T> : &PackBaseline<T>;
}
#else
template <typename T>
PackFunction<T> ChoosePack() {
  return &PackBaseline<T>;
}
#endif

}  // namespace

template <typename T>
void FastLanesPack(const T* values, int width, uint8_t* packed) {
  if (width == 0) return;
  static const PackFunction<T> kPack = ChoosePack<T>();
  kPack(values, static_cast<unsigned>(width), packed);
}

template void FastLanesPack(const uint8_t*, int, uint8_t*);
template void FastLanesPack(const uint16_t*, int, uint8_t*);
template void FastLanesPack(const uint32_t*, int, uint8_t*);
template void FastLanesPack(const uint64_t*, int, uint8_t*);

}  // namespace lancea::compress
