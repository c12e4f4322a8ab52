// What users registered (lancea/functions.h), by name in lower case.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lancea {

/// Its name in Arrow's registry.
std::optional<std::string> FindUserFunction(std::string_view name);

std::vector<std::string> UserFunctionNames();

}  // namespace lancea
