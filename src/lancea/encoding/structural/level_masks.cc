#include "lancea/encoding/structural/level_masks.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace lancea {
namespace {

#ifdef __SSE2__

// Two registers of eight comparisons, all ones or zeros each, to sixteen bits.
uint64_t ToBits(__m128i low, __m128i high) {
  return static_cast<uint64_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high)));
}

template <typename Compare>
uint64_t Mask(const uint16_t* levels, Compare compare) {
  uint64_t out = 0;
  for (int i = 0; i < kLevelsPerMask; i += 16) {
    const auto* at = reinterpret_cast<const __m128i*>(levels + i);
    out |= ToBits(compare(_mm_loadu_si128(at)), compare(_mm_loadu_si128(at + 1))) << i;
  }
  return out;
}

__attribute__((target("bmi2"))) uint64_t CompressBmi2(uint64_t bits, uint64_t mask) {
  return _pext_u64(bits, mask);
}

#else

template <typename Compare>
uint64_t Mask(const uint16_t* levels, Compare compare) {
  uint64_t out = 0;
  for (int i = 0; i < kLevelsPerMask; ++i) out |= uint64_t{compare(levels[i])} << i;
  return out;
}

#endif

uint64_t CompressBaseline(uint64_t bits, uint64_t mask) {
  uint64_t out = 0;
  for (int to = 0; mask != 0; mask &= mask - 1, ++to) {
    out |= (bits >> __builtin_ctzll(mask) & 1) << to;
  }
  return out;
}

using Compress = uint64_t (*)(uint64_t, uint64_t);

Compress ChooseCompress() {
#ifdef __SSE2__
  if (__builtin_cpu_supports("bmi2")) return &CompressBmi2;
#endif
  return &CompressBaseline;
}

const Compress compress = ChooseCompress();

}  // namespace

uint64_t MaskAtMost(const uint16_t* levels, uint16_t bound) {
#ifdef __SSE2__
  // Saturating subtraction leaves nothing of what is not above the bound.
  const __m128i bounds = _mm_set1_epi16(static_cast<int16_t>(bound));
  return Mask(levels, [&](__m128i values) {
    return _mm_cmpeq_epi16(_mm_subs_epu16(values, bounds), _mm_setzero_si128());
  });
#else
  return Mask(levels, [&](uint16_t level) { return level <= bound; });
#endif
}

uint64_t MaskEqual(const uint16_t* levels, uint16_t wanted) {
#ifdef __SSE2__
  const __m128i all = _mm_set1_epi16(static_cast<int16_t>(wanted));
  return Mask(levels, [&](__m128i values) { return _mm_cmpeq_epi16(values, all); });
#else
  return Mask(levels, [&](uint16_t level) { return level == wanted; });
#endif
}

uint64_t CompressBits(uint64_t bits, uint64_t mask) { return compress(bits, mask); }

int64_t CountAtMost(const uint16_t* levels, int64_t count, uint16_t bound) {
  int64_t out = 0, i = 0;
  for (; i + kLevelsPerMask <= count; i += kLevelsPerMask) {
    out += __builtin_popcountll(MaskAtMost(levels + i, bound));
  }
  for (; i < count; ++i) out += levels[i] <= bound;
  return out;
}

}  // namespace lancea
