// CRC32C (Castagnoli): the checksum of iSCSI (RFC 3720), here of page buffers and metadata blocks.
//
// Polynomial 0x1EDC6F41, bits reflected, register inverted at both ends: "123456789" gives 0xE3069283.
// Uses the CPU's crc32 instruction, three runs at once, when it has one; tables otherwise. Same results.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lancea {

/// The CRC32C of some bytes, or of more of them.
///
/// \param seed  0 to begin; the CRC of the bytes before these to go on:
///   Crc32c(Crc32c(0, a), b) is that of a and b written one after the other
/// \param bytes  any alignment; may be null when n is 0
uint32_t Crc32c(uint32_t seed, const uint8_t* bytes, size_t n);

/// The same by tables only: what a CPU without the instruction runs, and the oracle of the fast way.
uint32_t Crc32cByTable(uint32_t seed, const uint8_t* bytes, size_t n);

}  // namespace lancea
