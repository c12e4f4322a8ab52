#include "lancea/expr/kernels/utf8_text.h"

#include <memory>
#include <vector>

#include "arrow/array/array_primitive.h"
#include "arrow/array/builder_binary.h"
#include "arrow/compute/exec.h"

namespace lancea {
namespace {

constexpr char32_t kBeyondUnicode = 0x110000;

bool IsAsciiAlphanumeric(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// One bit for each code point, asked of Arrow's Unicode tables. Empty when that fails.
std::vector<bool> AlphanumericTable() {
  arrow::LargeStringBuilder builder;
  std::string text;
  for (char32_t c = 0; c < kBeyondUnicode; ++c) {
    text.clear();
    const bool surrogate = c >= 0xD800 && c < 0xE000;
    AppendCharacter(surrogate ? U' ' : c, &text);
    if (!builder.Append(text).ok()) return {};
  }
  auto characters = builder.Finish();
  if (!characters.ok()) return {};
  auto answer = arrow::compute::CallFunction("utf8_is_alnum", {*characters});
  if (!answer.ok()) return {};
  const auto array = answer->make_array();
  const auto& is_alphanumeric = static_cast<const arrow::BooleanArray&>(*array);
  std::vector<bool> out(kBeyondUnicode);
  for (char32_t c = 0; c < kBeyondUnicode; ++c) out[c] = is_alphanumeric.Value(c);
  return out;
}

}  // namespace

char32_t TakeCharacter(std::string_view* text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>((*text)[i]); };
  const unsigned char first = byte(0);
  size_t size = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  if (size > text->size()) size = 1;
  char32_t out = size == 1 ? first : first & (0xFF >> (size + 1));
  for (size_t i = 1; i < size; ++i) out = out << 6 | (byte(i) & 0x3F);
  text->remove_prefix(size);
  return out;
}

void AppendCharacter(char32_t c, std::string* out) {
  auto add = [&](char32_t bits) { *out += static_cast<char>(bits); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xC0 | c >> 6);
    add(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    add(0xE0 | c >> 12);
    add(0x80 | (c >> 6 & 0x3F));
    add(0x80 | (c & 0x3F));
  } else {
    add(0xF0 | c >> 18);
    add(0x80 | (c >> 12 & 0x3F));
    add(0x80 | (c >> 6 & 0x3F));
    add(0x80 | (c & 0x3F));
  }
}

bool IsAlphanumeric(char32_t c) {
  if (c < 0x80) return IsAsciiAlphanumeric(c);
  static const std::vector<bool> table = AlphanumericTable();
  return c < table.size() && table[c];
}

}  // namespace lancea
