// Random bytes from the system, for names that must never meet another's: not for anything that is to be
// repeated. Every call asks the kernel, so a forked child does not repeat its parent.
#pragma once

#include <cstdint>
#include <span>

namespace lancea {

/// Fill `out`. Ends the process on a machine without any source of randomness: names that repeat would
/// let one writer replace another's rows. Thread-safe, safe after fork.
void RandomBytes(std::span<uint8_t> out) noexcept;

/// All 64 bits random: ids of deletion files and the like.
uint64_t RandomU64() noexcept;

}  // namespace lancea
