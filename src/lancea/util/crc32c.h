// CRC32C (Castagnoli): the checksum of iSCSI (RFC 3720), here of page buffers and metadata blocks.
//
// Polynomial 0x1EDC6F41, bits reflected, register inverted at both ends: "123456789" gives 0xE3069283.
// Folds 256 bytes at once where the CPU multiplies wide words without carry (AVX-512 and VPCLMULQDQ), else uses
// its crc32 instruction, three runs at once, else tables. Same results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lancea {

/// The CRC32C of some bytes, or of more of them.
///
/// \param seed  0 to begin; the CRC of the bytes before these to go on:
///   Crc32c(Crc32c(0, a), b) is that of a and b written one after the other
/// \param bytes  any alignment; may be null when n is 0
uint32_t Crc32c(uint32_t seed, const uint8_t* bytes, size_t n);

using Crc32cFunction = uint32_t (*)(uint32_t seed, const uint8_t* bytes, size_t n);

struct Crc32cKernel {
  const char* name;
  Crc32cFunction function;
};

/// The ways to compute it that this CPU has, the slowest first. Crc32c is the last; tests run all.
std::vector<Crc32cKernel> Crc32cKernels();

}  // namespace lancea
