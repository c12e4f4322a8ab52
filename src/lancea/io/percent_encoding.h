// Percent encoding of URIs (RFC 3986).
#pragma once

#include <string>
#include <string_view>

namespace lancea {

/// `text` with everything but letters, digits and "-._~" written as %XX.
std::string PercentEncode(std::string_view text);

/// `text` with %XX replaced by the byte; a '%' that begins no such triple stays.
std::string PercentDecode(std::string_view text);

}  // namespace lancea
