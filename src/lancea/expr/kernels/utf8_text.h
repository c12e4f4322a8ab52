// UTF-8 text by characters (code points). Bytes that are not UTF-8 count one by one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lancea {

inline bool IsUtf8Continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

inline int64_t CountCharacters(std::string_view text) {
  int64_t count = 0;
  for (char c : text) count += IsUtf8Continuation(c) ? 0 : 1;
  return count;
}

/// Bytes of the first `characters` characters; all when there are fewer.
inline size_t BytesOfCharacters(std::string_view text, int64_t characters) {
  if (characters <= 0) return 0;
  size_t at = 0;
  while (at < text.size()) {
    if (!IsUtf8Continuation(text[at]) && characters-- == 0) return at;
    ++at;
  }
  return at;
}

/// Take the first character off `text` as its code point.
char32_t TakeCharacter(std::string_view* text);

void AppendCharacter(char32_t character, std::string* out);

/// Letters and digits of any script, as words are made of.
bool IsAlphanumeric(char32_t character);

}  // namespace lancea
