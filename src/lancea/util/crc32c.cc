#include "lancea/util/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define LANCEA_CRC32C_X86 1
#include <nmmintrin.h>
#include <wmmintrin.h>
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

#endif

using Function = uint32_t (*)(uint32_t, const uint8_t*, size_t);

Function Fastest() {
#ifdef LANCEA_CRC32C_X86
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")) return ByInstruction;
#endif
  return Crc32cByTable;
}

}  // namespace

uint32_t Crc32cByTable(uint32_t seed, const uint8_t* bytes, size_t n) {
  uint32_t crc = ~seed;
  for (; n >= 8; bytes += 8, n -= 8) {
    const uint64_t word = Load64(bytes) ^ crc;
    crc = 0;
    for (size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][(word >> (8 * k)) & 0xFF];
  }
  for (; n > 0; ++bytes, --n) crc = (crc >> 8) ^ kTables[0][(crc ^ *bytes) & 0xFF];
  return ~crc;
}

uint32_t Crc32c(uint32_t seed, const uint8_t* bytes, size_t n) {
  static const Function function = Fastest();
  return function(seed, bytes, n);
}

}  // namespace lancea
