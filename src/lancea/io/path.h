// '/'-separated paths inside a store.
#pragma once

#include <string>
#include <string_view>

namespace lancea {

/// `base` and `name` with exactly one '/' between them; `name` alone when base is empty.
std::string JoinPath(std::string_view base, std::string_view name);

}  // namespace lancea
