#include "lancea/io/endpoint.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "lancea/util/errors.h"

namespace lancea {

arrow::Result<Endpoint> ParseEndpoint(const std::optional<std::string>& text, bool allow_http) {
  Endpoint out;
  if (!text.has_value()) return out;
  std::string rest = *text;
  if (const size_t at = rest.find("://"); at != std::string::npos) {
    out.scheme = rest.substr(0, at);
    rest = rest.substr(at + 3);
  }
  if (out.scheme != "https" && out.scheme != "http") {
    return InvalidInput("endpoint ", *text, " is neither http nor https");
  }
  if (out.scheme == "http" && !allow_http) {
    return InvalidInput("endpoint ", *text,
                        " is not encrypted; set allow_http to \"true\" to use it");
  }
  out.host = rest.substr(0, rest.find_first_of("/?#"));
  // Signatures cover the host as it is sent: in lower case, and without the scheme's own port.
  std::ranges::transform(out.host, out.host.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string_view own_port = out.scheme == "https" ? ":443" : ":80";
  if (out.host.ends_with(own_port)) {
    out.host = out.host.substr(0, out.host.size() - own_port.size());
  }
  if (out.host.empty()) return InvalidInput("endpoint ", *text, " names no host");
  return out;
}

}  // namespace lancea
