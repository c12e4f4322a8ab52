#include "lancea/encoding/compress/fastlanes.h"

#include <array>
#include <cstring>
#include <type_traits>

#include "lancea/util/byte_reader.h"

namespace lancea::compress {
namespace {

constexpr std::array<unsigned, 8> kOrder = {0, 4, 2, 6, 1, 5, 3, 7};

template <typename T>
constexpr unsigned kBits = 8 * sizeof(T);
template <typename T>
constexpr unsigned kLanes = kFastLanesValues / kBits<T>;
constexpr unsigned kRowBytes = 128;

// A row of all lanes is 1024 bits whatever T is, and within a row the shifts are the same for every
// lane: a row is unpacked as 32-bit words (64-bit for T = 64) that hold one or more lanes, masked
// so that no bit crosses from one lane to the next. The loops over words become a few wide
// instructions. Shifts stay variables: a function per width was 1.2 times as fast, took 6 MB of
// code, and this one already outruns memory.
template <typename T>
[[gnu::always_inline]] inline void UnpackRows(const uint8_t* __restrict packed, unsigned width,
                                              T* __restrict out) {
  using Word = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  constexpr unsigned kWords = kRowBytes / sizeof(Word);
  constexpr Word kEveryLane = static_cast<Word>(~Word{0}) / static_cast<T>(~T{0});
  constexpr T kOnes = static_cast<T>(~T{0});
  uint8_t* const to = reinterpret_cast<uint8_t*>(out);
  const T mask = static_cast<T>(kOnes >> (kBits<T> - width));
  for (unsigned row = 0; row < kBits<T>; ++row) {
    const unsigned shift = row * width % kBits<T>;
    const uint8_t* const low = packed + row * width / kBits<T> * kRowBytes;
    uint8_t* const row_out = to + (kOrder[row / 8] * 16 + row % 8 * 128) * sizeof(T);
    if (shift + width <= kBits<T>) {
      const Word keep = kEveryLane * mask;
#pragma GCC unroll 1
      for (unsigned i = 0; i < kWords; ++i) {
        const Word value = LoadLittleEndian<Word>(low + sizeof(Word) * i) >> shift & keep;
        std::memcpy(row_out + sizeof(Word) * i, &value, sizeof(Word));
      }
    } else {
      const uint8_t* const high = low + kRowBytes;
      const unsigned back = kBits<T> - shift;
      const Word keep_low = kEveryLane * static_cast<T>(kOnes >> shift);
      const Word keep_high = kEveryLane * static_cast<T>(mask & static_cast<T>(kOnes << back));
#pragma GCC unroll 1
      for (unsigned i = 0; i < kWords; ++i) {
        const Word value = (LoadLittleEndian<Word>(low + sizeof(Word) * i) >> shift & keep_low) |
                           (LoadLittleEndian<Word>(high + sizeof(Word) * i) << back & keep_high);
        std::memcpy(row_out + sizeof(Word) * i, &value, sizeof(Word));
      }
    }
  }
}

template <typename T>
void UnpackBaseline(const uint8_t* packed, unsigned width, T* out) {
  UnpackRows(packed, width, out);
}

template <typename T>
using UnpackFunction = void (*)(const uint8_t*, unsigned, T*);

#if defined(__x86_64__) && defined(__GNUC__)
// The same source compiled for 256-bit registers, chosen at run time.
template <typename T>
__attribute__((target("avx2"))) void UnpackAvx2(const uint8_t* packed, unsigned width, T* out) {
  UnpackRows(packed, width, out);
}

template <typename T>
UnpackFunction<T> ChooseUnpack() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") ? &UnpackAvx2<T> : &UnpackBaseline<T>;
}
#else
template <typename T>
UnpackFunction<T> ChooseUnpack() {
  return &UnpackBaseline<T>;
}
#endif

template <typename T>
T ExtractValue(const uint8_t* packed, unsigned width, unsigned index) {
  // kOrder is its own inverse: where a group of 16 values stands among 128 names its eighth of the
  // rows.
  const unsigned lane = index % kLanes<T>;
  const unsigned group = (index % 128 - lane) / 16;
  const unsigned bit = (kOrder[group] * 8 + index / 128) * width;
  const unsigned shift = bit % kBits<T>;
  const uint8_t* const low = packed + bit / kBits<T> * kRowBytes + lane * sizeof(T);
  T value = static_cast<T>(LoadLittleEndian<T>(low) >> shift);
  if (shift + width > kBits<T>) {
    value |= static_cast<T>(LoadLittleEndian<T>(low + kRowBytes) << (kBits<T> - shift));
  }
  return static_cast<T>(value & (static_cast<T>(~T{0}) >> (kBits<T> - width)));
}

// Unpacking a whole block takes about as long as picking this many values.
constexpr int64_t kFewValues = 24;

}  // namespace

template <typename T>
void FastLanesUnpack(const uint8_t* packed, int width, T* out) {
  if (width == 0) {
    std::memset(out, 0, kFastLanesValues * sizeof(T));
    return;
  }
  static const UnpackFunction<T> kUnpack = ChooseUnpack<T>();
  kUnpack(packed, static_cast<unsigned>(width), out);
}

template <typename T>
void FastLanesUnpackRange(const uint8_t* packed, int width, int64_t begin, int64_t end, T* out) {
  const int64_t num_values = end - begin;
  if (num_values == 0) return;
  if (width == 0) {
    std::memset(out, 0, static_cast<size_t>(num_values) * sizeof(T));
  } else if (num_values <= kFewValues) {
    for (int64_t i = 0; i < num_values; ++i) {
      out[i] =
          ExtractValue<T>(packed, static_cast<unsigned>(width), static_cast<unsigned>(begin + i));
    }
  } else if (num_values == kFastLanesValues) {
    FastLanesUnpack(packed, width, out);
  } else {
    T block[kFastLanesValues];
    FastLanesUnpack(packed, width, block);
    std::memcpy(out, block + begin, static_cast<size_t>(num_values) * sizeof(T));
  }
}

template void FastLanesUnpack(const uint8_t*, int, uint8_t*);
template void FastLanesUnpack(const uint8_t*, int, uint16_t*);
template void FastLanesUnpack(const uint8_t*, int, uint32_t*);
template void FastLanesUnpack(const uint8_t*, int, uint64_t*);
template void FastLanesUnpackRange(const uint8_t*, int, int64_t, int64_t, uint8_t*);
template void FastLanesUnpackRange(const uint8_t*, int, int64_t, int64_t, uint16_t*);
template void FastLanesUnpackRange(const uint8_t*, int, int64_t, int64_t, uint32_t*);
template void FastLanesUnpackRange(const uint8_t*, int, int64_t, int64_t, uint64_t*);

}  // namespace lancea::compress
