// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), for the signatures that object stores ask for.
//
// Requests are signed a few times a second, so this is the plain algorithm: about 200 MB/s.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lancea {

using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(std::span<const uint8_t> bytes);
Sha256Digest Sha256(std::string_view text);

/// The keyed digest of `text`.
Sha256Digest HmacSha256(std::span<const uint8_t> key, std::string_view text);

/// 64 hexadecimal digits in lower case.
std::string ToHex(const Sha256Digest& digest);

}  // namespace lancea
