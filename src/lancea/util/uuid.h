// Universally unique ids (RFC 4122): of transactions, of indices, of data files.
//
// Text form: 32 hex digits in groups of 8-4-4-4-12, byte 0 first. Random ones are version 4: the high half
// of byte 6 is 4, the two high bits of byte 8 are 10, the other 122 bits are random.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "arrow/result.h"

namespace lancea {

struct Uuid {
  std::array<uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;

  /// A new version 4 id. Thread-safe, safe after fork.
  static Uuid Random();

  /// \param text  36 characters, digits of either case
  /// \return InvalidInput for anything else
  static arrow::Result<Uuid> Parse(std::string_view text);

  /// \return InvalidInput unless `bytes` are 16
  static arrow::Result<Uuid> FromBytes(std::span<const uint8_t> bytes);

  /// Lower case, e.g. "6e0f2c1a-93b4-4f57-8d2e-0a1b2c3d4e5f".
  std::string ToString() const;
};

/// A name for a new data file, without ".lance": the first 3 bytes of a random id as 24 binary digits, the
/// other 13 as 26 hex digits. The binary digits spread the names evenly over an object store's partitions.
std::string DataFileName();
std::string DataFileName(const Uuid& uuid);

}  // namespace lancea
