// Lengths of time as storage options give them.
#pragma once

#include <chrono>
#include <string_view>

#include "arrow/result.h"

namespace lancea {

/// Whole numbers, each with its unit: "30s", "1m 30s", "200ms", "2 minutes".
/// \return InvalidInput for anything else, and for more than 10 years
arrow::Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

}  // namespace lancea
