// Regular expressions as users of the reference write them -> as Arrow's (RE2) reads them.
//
//   \d \w \s and their opposites    of any script, not of ASCII alone
//   (?<name>…)                      (?P<name>…)
//
// Both are matched in linear time and have neither back references nor look-around.
#pragma once

#include <string>
#include <string_view>

namespace lancea {

/// \param flags  letters of the fourth argument: i, m, s, x, U; 'g' is left out here
std::string ToRe2(std::string_view pattern, std::string_view flags);

/// A replacement with $1, ${1}, $0 or \1 as RE2's \1; names of groups are not known to RE2.
std::string ToRe2Replacement(std::string_view replacement);

/// The pattern with a name for each of its groups (all of it when it has none): g0, g1 …
/// \param num_groups  how many
std::string WithNamedGroups(std::string_view re2_pattern, int* num_groups);

}  // namespace lancea
