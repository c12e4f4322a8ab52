// Tokens -> Ast, by precedence.
//
//   loosest   OR   AND   NOT   IS   LIKE   = <> < <= > >= IN BETWEEN   |   ^ << >>   &
//             + -   * / % ||   tightest: unary - , :: and [ ]
#pragma once

#include <memory>
#include <string_view>

#include "arrow/result.h"
#include "lancea/expr/ast.h"

namespace lancea {

/// Levels of nesting an expression may have.
inline constexpr size_t kMaxExpressionDepth = 400;

/// \return InvalidInput with the place of what was not understood, or nested deeper than
///   kMaxExpressionDepth
arrow::Result<std::unique_ptr<Ast>> ParseSql(std::string_view sql);

}  // namespace lancea
