// LIKE patterns: % stands for any text, _ for one character; the escape takes the meaning off either.
#pragma once

#include <string>
#include <string_view>

namespace lancea {

/// What a pattern asks for, where that is simpler than matching it.
struct LikeShape {
  enum class Kind { kEqual, kPrefix, kSuffix, kContains, kAnything, kPattern };
  Kind kind = Kind::kPattern;
  std::string text;  ///< without wildcards and escapes; of kPattern, the pattern with \ as escape
};

/// \param escape  one character, UTF-8
LikeShape ShapeOfLike(std::string_view pattern, std::string_view escape);

/// Whether `text` matches a pattern whose escape is a backslash.
bool MatchesLike(std::string_view text, std::string_view pattern);

}  // namespace lancea
