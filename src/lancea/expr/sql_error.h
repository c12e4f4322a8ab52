// Errors of SQL text: what is wrong, where, and what may have been meant.
//
//   unexpected ')' at position 7; expected an expression
//     price >) 5
//           ^
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/status.h"

namespace lancea {

/// Bytes [begin, end) of a text.
struct TextSpan {
  size_t begin = 0;
  size_t end = 0;
};

/// InvalidInput: `message`, then the line of `sql` that holds `place` with a caret under its beginning.
arrow::Status SqlError(std::string_view sql, TextSpan place, const std::string& message);

/// The candidate closest to `name` regardless of case, or "" when none is close: at most a third of the
/// letters differ.
std::string NearestName(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace lancea
