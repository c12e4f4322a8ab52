#include "lancea/expr/kernels/regexp.h"

namespace lancea {
namespace {

// The inside of a class [...] for an escape of any script; "" for escapes RE2 reads alike.
std::string_view ClassOf(char escape) {
  switch (escape) {
    case 'd':
      return "\\p{Nd}";
    case 'w':
      return "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}";
    case 's':
      return "\\t\\n\\v\\f\\r\\x{85}\\p{Z}";
    default:
      return "";
  }
}

}  // namespace

std::string ToRe2(std::string_view pattern, std::string_view flags) {
  std::string out;
  std::string letters;
  for (char flag : flags) {
    if (flag == 'i' || flag == 'm' || flag == 's' || flag == 'U') letters += flag;
  }
  if (!letters.empty()) out = "(?" + letters + ")";
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char escape = pattern[++i];
      const bool negated = escape >= 'A' && escape <= 'Z';
      const std::string_view inside = ClassOf(negated ? static_cast<char>(escape + 32) : escape);
      if (inside.empty() || (in_class && negated)) {
        out += c;
        out += escape;
      } else if (in_class) {
        out += inside;
      } else {
        out.append(negated ? "[^" : "[").append(inside).append("]");
      }
    } else if (c == '(' && !in_class && pattern.substr(i).starts_with("(?<") &&
               i + 3 < pattern.size() && pattern[i + 3] != '=' && pattern[i + 3] != '!') {
      out += "(?P<";
      i += 2;
    } else {
      if (c == '[') in_class = true;
      if (c == ']') in_class = false;
      out += c;
    }
  }
  return out;
}

std::string ToRe2Replacement(std::string_view replacement) {
  std::string out;
  for (size_t i = 0; i < replacement.size(); ++i) {
    const char c = replacement[i];
    const char next = i + 1 < replacement.size() ? replacement[i + 1] : '\0';
    const bool digit = next >= '0' && next <= '9';
    if (c == '\\' && digit) {
      out += c;
      out += next;
      ++i;
    } else if (c == '\\') {
      out += "\\\\";
    } else if (c == '$' && next == '$') {
      out += '$';
      ++i;
    } else if (c == '$' && digit) {
      out += '\\';
      out += next;
      ++i;
    } else if (c == '$' && next == '{' && i + 3 < replacement.size() && replacement[i + 3] == '}' &&
               replacement[i + 2] >= '0' && replacement[i + 2] <= '9') {
      out += '\\';
      out += replacement[i + 2];
      i += 3;
    } else {
      out += c;
    }
  }
  return out;
}

std::string WithNamedGroups(std::string_view pattern, int* num_groups) {
  std::string out;
  *num_groups = 0;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      out += c;
      out += pattern[++i];
      continue;
    }
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    const std::string_view rest = pattern.substr(i);
    const bool named = rest.starts_with("(?P<");
    if (c == '(' && !in_class && (named || !rest.starts_with("(?"))) {
      out += "(?P<g" + std::to_string((*num_groups)++) + ">";
      if (named) i += std::min(rest.find('>'), rest.size() - 1);
      continue;
    }
    out += c;
  }
  if (*num_groups == 0) {
    *num_groups = 1;
    return "(?P<g0>" + out + ")";
  }
  return out;
}

}  // namespace lancea
