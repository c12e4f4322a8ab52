#include "lancea/expr/kernels/like.h"

#include "lancea/expr/kernels/utf8_text.h"

namespace lancea {
namespace {

bool IsWildcard(char c) { return c == '%' || c == '_'; }

}  // namespace

LikeShape ShapeOfLike(std::string_view pattern, std::string_view escape) {
  LikeShape out;
  std::string plain;
  size_t leading = 0;   // % before the text
  size_t trailing = 0;  // % behind it
  bool simple = true;
  while (!pattern.empty()) {
    const bool escaped = pattern.starts_with(escape);
    if (escaped) {
      const std::string_view rest = pattern.substr(escape.size());
      // An escape that escapes nothing is a character like any other.
      const bool meant = !rest.empty() && (IsWildcard(rest[0]) || rest.starts_with(escape));
      const std::string_view literal = !meant                ? escape
                                       : IsWildcard(rest[0]) ? rest.substr(0, 1)
                                                             : escape;
      pattern.remove_prefix(escape.size() + (meant ? literal.size() : 0));
      if (literal == "\\" || IsWildcard(literal[0])) out.text += '\\';
      out.text += literal;
      plain += literal;
      simple = simple && trailing == 0;
      continue;
    }
    const char c = pattern[0];
    pattern.remove_prefix(1);
    if (c == '\\') out.text += '\\';
    out.text += c;
    if (c == '%') {
      (plain.empty() ? leading : trailing) += 1;
    } else if (c == '_') {
      simple = false;
    } else {
      simple = simple && trailing == 0;
      plain += c;
    }
  }
  if (!simple) return out;
  if (plain.empty()) {
    out.kind = leading > 0 ? LikeShape::Kind::kAnything : LikeShape::Kind::kEqual;
  } else if (leading > 0) {
    out.kind = trailing > 0 ? LikeShape::Kind::kContains : LikeShape::Kind::kSuffix;
  } else {
    out.kind = trailing > 0 ? LikeShape::Kind::kPrefix : LikeShape::Kind::kEqual;
  }
  out.text = std::move(plain);
  return out;
}

bool MatchesLike(std::string_view text, std::string_view pattern) {
  // After a mismatch, the last % takes one character more.
  size_t t = 0;
  size_t p = 0;
  size_t retry_pattern = std::string_view::npos;
  size_t retry_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      retry_pattern = ++p;
      retry_text = t;
      continue;
    }
    if (p < pattern.size() && pattern[p] == '_') {
      ++p;
      t += BytesOfCharacters(text.substr(t), 1);
      continue;
    }
    size_t literal = p;
    if (p + 1 < pattern.size() && pattern[p] == '\\' &&
        (IsWildcard(pattern[p + 1]) || pattern[p + 1] == '\\')) {
      ++literal;
    }
    if (literal < pattern.size() && pattern[literal] == text[t]) {
      p = literal + 1;
      ++t;
      continue;
    }
    if (retry_pattern == std::string_view::npos) return false;
    p = retry_pattern;
    retry_text += BytesOfCharacters(text.substr(retry_text), 1);
    t = retry_text;
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

}  // namespace lancea
