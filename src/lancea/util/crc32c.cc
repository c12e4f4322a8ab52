#include "lancea/util/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define LANCEA_CRC32C_X86 1
#include <immintrin.h>
#endif

static_assert(std::endian::native == std::endian::little);

namespace lancea {
namespace {

constexpr uint32_t kReflectedPolynomial = 0x82F63B78;

// One step of the register without input: times x, modulo the polynomial (highest power in bit 0).
constexpr uint32_t TimesX(uint32_t value) {
  return (value >> 1) ^ ((value & 1) != 0 ? kReflectedPolynomial : 0);
}

// kTables[k][b]: what byte b does to the register when k more bytes follow it.
using Tables = std::array<std::array<uint32_t, 256>, 8>;
constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t b = 0; b < 256; ++b) {
    uint32_t value = b;
    for (int bit = 0; bit < 8; ++bit) value = TimesX(value);
    tables[0][b] = value;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (size_t b = 0; b < 256; ++b) {
      const uint32_t before = tables[k - 1][b];
      tables[k][b] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}
constexpr Tables kTables = MakeTables();
static_assert(kTables[0][128] == kReflectedPolynomial);

uint64_t Load64(const uint8_t* bytes) {
  uint64_t value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

uint32_t ByTable(uint32_t seed, const uint8_t* bytes, size_t n) {
  uint32_t crc = ~seed;
  for (; n >= 8; bytes += 8, n -= 8) {
    const uint64_t word = Load64(bytes) ^ crc;
    crc = 0;
    for (size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][(word >> (8 * k)) & 0xFF];
  }
  for (; n > 0; ++bytes, --n) crc = (crc >> 8) ^ kTables[0][(crc ^ *bytes) & 0xFF];
  return ~crc;
}

#ifdef LANCEA_CRC32C_X86

// x^power modulo the polynomial.
constexpr uint32_t PowerOfX(uint64_t power) {
  uint32_t value = 0x80000000;  // x^0
  for (uint64_t i = 0; i < power; ++i) value = TimesX(value);
  return value;
}

// Multiplying two registers without carry and feeding the 64-bit product to crc32 multiplies by x^33 more
// (32 by the instruction, 1 because the product of two reflected words stands one bit low).
constexpr uint32_t ShiftByBytes(uint64_t num_bytes) { return PowerOfX(8 * num_bytes - 33); }

// The instruction takes 3 cycles and starts every cycle: three independent runs keep it busy. Their
// registers are then joined: the first has two runs of bytes after it, the second one.
template <size_t kRunBytes>
__attribute__((target("sse4.2,pclmul"))) uint64_t ThreeRuns(uint64_t crc, const uint8_t*& bytes,
                                                            size_t& n) {
  static_assert(kRunBytes % 8 == 0);
  constexpr uint32_t kOver2 = ShiftByBytes(2 * kRunBytes);
  constexpr uint32_t kOver1 = ShiftByBytes(kRunBytes);
  const __m128i shifts = _mm_set_epi64x(kOver1, kOver2);
  while (n >= 3 * kRunBytes) {
    uint64_t second = 0, third = 0;
    for (size_t i = 0; i < kRunBytes; i += 8) {
      crc = _mm_crc32_u64(crc, Load64(bytes + i));
      second = _mm_crc32_u64(second, Load64(bytes + kRunBytes + i));
      third = _mm_crc32_u64(third, Load64(bytes + 2 * kRunBytes + i));
    }
    const __m128i registers =
        _mm_set_epi64x(static_cast<int64_t>(second), static_cast<int64_t>(crc));
    const __m128i joined = _mm_xor_si128(_mm_clmulepi64_si128(registers, shifts, 0x00),
                                         _mm_clmulepi64_si128(registers, shifts, 0x11));
    crc = third ^ _mm_crc32_u64(0, static_cast<uint64_t>(_mm_cvtsi128_si64(joined)));
    bytes += 3 * kRunBytes;
    n -= 3 * kRunBytes;
  }
  return crc;
}

__attribute__((target("sse4.2,pclmul"))) uint32_t ByInstruction(uint32_t seed, const uint8_t* bytes,
                                                                size_t n) {
  uint64_t crc = ~seed;
  // Long runs join rarely; short ones serve the pages and rests below 6 KiB.
  crc = ThreeRuns<2048>(crc, bytes, n);
  crc = ThreeRuns<128>(crc, bytes, n);
  for (; n >= 8; bytes += 8, n -= 8) crc = _mm_crc32_u64(crc, Load64(bytes));
  uint32_t rest = static_cast<uint32_t>(crc);
  for (; n > 0; ++bytes, --n) rest = _mm_crc32_u8(rest, *bytes);
  return ~rest;
}

// Folding: a block of 64 bytes is carried over the bytes that follow it by multiplying each of its 64-bit
// words by the power of x for that distance, without reducing. Four blocks at once are enough to keep the
// multiplier busy. Of a lane of 128 bits the first word stands 64 powers above the second, and every product
// one bit low (see ShiftByBytes).
#pragma GCC diagnostic push
#if !defined(__clang__)
// GCC 12 takes its own headers' undefined operands for mistakes.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#define LANCEA_CRC32C_WIDE "avx512f,avx512vl,vpclmulqdq,pclmul,sse4.2"

template <uint64_t kBytes>
__attribute__((target(LANCEA_CRC32C_WIDE))) inline __m512i Carry(__m512i block, __m512i next) {
  constexpr uint32_t kFirst = PowerOfX(8 * kBytes + 31);
  constexpr uint32_t kSecond = PowerOfX(8 * kBytes - 33);
  const __m512i powers = _mm512_broadcast_i32x4(_mm_set_epi64x(kSecond, kFirst));
  constexpr int kXorOfThree = 0x96;
  return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(block, powers, 0x00),
                                   _mm512_clmulepi64_epi128(block, powers, 0x11), next,
                                   kXorOfThree);
}

template <uint64_t kBytes>
__attribute__((target(LANCEA_CRC32C_WIDE))) inline __m128i CarryLane(__m128i lane, __m128i next) {
  const __m128i powers = _mm_set_epi64x(PowerOfX(8 * kBytes - 33), PowerOfX(8 * kBytes + 31));
  return _mm_xor_si128(next, _mm_xor_si128(_mm_clmulepi64_si128(lane, powers, 0x00),
                                           _mm_clmulepi64_si128(lane, powers, 0x11)));
}

__attribute__((target(LANCEA_CRC32C_WIDE))) uint32_t ByFolding(uint32_t seed, const uint8_t* bytes,
                                                               size_t n) {
  constexpr size_t kStep = 256;
  if (n < 2 * kStep) return ByInstruction(seed, bytes, n);
  auto load = [&](size_t block) __attribute__((target(LANCEA_CRC32C_WIDE))) {
    return _mm512_loadu_si512(bytes + 64 * block);
  };
  // The register's start value counts as a change of the first bytes.
  __m512i a =
      _mm512_xor_si512(load(0), _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(~seed))));
  __m512i b = load(1), c = load(2), d = load(3);
  for (bytes += kStep, n -= kStep; n >= kStep; bytes += kStep, n -= kStep) {
    a = Carry<kStep>(a, load(0));
    b = Carry<kStep>(b, load(1));
    c = Carry<kStep>(c, load(2));
    d = Carry<kStep>(d, load(3));
  }
  d = Carry<64>(Carry<64>(Carry<64>(a, b), c), d);
  __m128i lane = CarryLane<16>(_mm512_castsi512_si128(d), _mm512_extracti32x4_epi32(d, 1));
  lane = CarryLane<16>(lane, _mm512_extracti32x4_epi32(d, 2));
  lane = CarryLane<16>(lane, _mm512_extracti32x4_epi32(d, 3));
  uint64_t crc = _mm_crc32_u64(0, static_cast<uint64_t>(_mm_cvtsi128_si64(lane)));
  crc = _mm_crc32_u64(crc, static_cast<uint64_t>(_mm_extract_epi64(lane, 1)));
  return ByInstruction(~static_cast<uint32_t>(crc), bytes, n);
}
#pragma GCC diagnostic pop

#endif

}  // namespace

std::vector<Crc32cKernel> Crc32cKernels() {
  std::vector<Crc32cKernel> kernels = {{"ByTable", ByTable}};
#ifdef LANCEA_CRC32C_X86
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")) {
    kernels.push_back({"ByInstruction", ByInstruction});
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("vpclmulqdq")) {
      kernels.push_back({"ByFolding", ByFolding});
    }
  }
#endif
  return kernels;
}

uint32_t Crc32c(uint32_t seed, const uint8_t* bytes, size_t n) {
  static const Crc32cFunction fastest = Crc32cKernels().back().function;
  return fastest(seed, bytes, n);
}

}  // namespace lancea
