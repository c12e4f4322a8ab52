// Lengths of time as options and configs give them.
#pragma once

#include <chrono>
#include <string_view>

#include "arrow/result.h"

namespace lancea {

/// Whole numbers, each with its unit: "30s", "1m 30s", "200ms", "2 minutes", "14days". A month has 30.44
/// days, a year 365.25.
/// \return InvalidInput for anything else, and for more than 290 years
arrow::Result<std::chrono::nanoseconds> ParseDuration(std::string_view text);

}  // namespace lancea
