#include "lancea/util/uuid.h"

#include <algorithm>

#include "lancea/util/errors.h"
#include "lancea/util/random.h"

namespace lancea {
namespace {

void AppendHex(uint8_t byte, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  out->push_back(kDigits[byte >> 4]);
  out->push_back(kDigits[byte & 15]);
}

// -1 when `c` is no hex digit.
int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A hyphen stands before these bytes.
constexpr bool StartsGroup(size_t byte) {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

}  // namespace

Uuid Uuid::Random() {
  Uuid out;
  RandomBytes(out.bytes);
  out.bytes[6] = static_cast<uint8_t>((out.bytes[6] & 0x0F) | 0x40);
  out.bytes[8] = static_cast<uint8_t>((out.bytes[8] & 0x3F) | 0x80);
  return out;
}

arrow::Result<Uuid> Uuid::Parse(std::string_view text) {
  const auto bad = [&] { return InvalidInput("not a UUID (8-4-4-4-12 hex digits): ", text); };
  if (text.size() != 36) return bad();
  Uuid out;
  size_t at = 0;
  for (size_t i = 0; i < out.bytes.size(); ++i) {
    if (StartsGroup(i) && text[at++] != '-') return bad();
    const int high = HexValue(text[at++]), low = HexValue(text[at++]);
    if (high < 0 || low < 0) return bad();
    out.bytes[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return out;
}

arrow::Result<Uuid> Uuid::FromBytes(std::span<const uint8_t> bytes) {
  Uuid out;
  if (bytes.size() != out.bytes.size()) {
    return InvalidInput("a UUID has 16 bytes, got ", bytes.size());
  }
  std::ranges::copy(bytes, out.bytes.begin());
  return out;
}

std::string Uuid::ToString() const {
  std::string out;
  out.reserve(36);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (StartsGroup(i)) out.push_back('-');
    AppendHex(bytes[i], &out);
  }
  return out;
}

std::string DataFileName() { return DataFileName(Uuid::Random()); }

std::string DataFileName(const Uuid& uuid) {
  std::string out;
  out.reserve(50);
  for (size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (i >= 3) {
      AppendHex(uuid.bytes[i], &out);
      continue;
    }
    for (int bit = 7; bit >= 0; --bit) out.push_back((uuid.bytes[i] >> bit & 1) != 0 ? '1' : '0');
  }
  return out;
}

}  // namespace lancea
