// SQL text -> tokens.
//
//   name  _rowid  größe        identifiers: letters, digits, _, $, @, # and all beyond ASCII
//   `any text`                 quoted identifier, `` stands for `
//   'text'  "text"             strings, the doubled quote stands for itself
//   12  1.5  .5  1e-3          numbers
//   X'0aFF'                    bytes
//   -- to the end of line, /* nested */   comments
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arrow/result.h"
#include "lancea/expr/sql_error.h"

namespace lancea {

struct Token {
  enum class Kind { kEnd, kName, kQuotedName, kString, kNumber, kBytes, kSymbol };
  Kind kind = Kind::kEnd;
  std::string text;  ///< unquoted; as written for names, numbers and symbols; decoded for bytes
  TextSpan place;

  /// Whether it is this word, in any case, not quoted.
  bool IsWord(std::string_view word) const;
  bool IsSymbol(std::string_view symbol) const { return kind == Kind::kSymbol && text == symbol; }
};

/// The tokens of `sql`, kEnd last. Places count bytes of `sql`.
arrow::Result<std::vector<Token>> Tokenize(std::string_view sql);

/// Whether two ASCII words are equal in any case.
bool EqualInAnyCase(std::string_view a, std::string_view b);

/// ASCII letters lowered.
std::string LowerCase(std::string_view text);

}  // namespace lancea
