// Where a service is reached when it is not the provider's own: the "endpoint" storage option.
#pragma once

#include <optional>
#include <string>

#include "arrow/result.h"

namespace lancea {

struct Endpoint {
  std::string scheme = "https";
  std::string host;  ///< with its port unless that is the scheme's own; empty: the provider's
  bool operator==(const Endpoint&) const = default;
};

/// \param text  "https://host:port" or "host:port"; what follows the host is ignored
/// \return InvalidInput for another scheme, no host, or http without `allow_http`
arrow::Result<Endpoint> ParseEndpoint(const std::optional<std::string>& text, bool allow_http);

}  // namespace lancea
