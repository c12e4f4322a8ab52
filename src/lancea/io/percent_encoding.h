// Percent encoding of URIs (RFC 3986).
#pragma once

#include <string>
#include <string_view>

namespace lancea {

/// `text` with everything but letters, digits, "-._~" and the characters of `kept` written as %XX.
std::string PercentEncode(std::string_view text, std::string_view kept = {});

/// `text` with %XX replaced by the byte; a '%' that begins no such triple stays.
std::string PercentDecode(std::string_view text);

}  // namespace lancea
