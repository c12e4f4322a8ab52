#include "lancea/util/jsonb.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <string_view>

#include "arrow/array/array_binary.h"
#include "arrow/array/builder_binary.h"
#include "arrow/util/utf8.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint32_t kArray = 0x80000000;
constexpr uint32_t kObject = 0x40000000;
constexpr uint32_t kScalar = 0x20000000;
constexpr uint32_t kHeaderKindMask = 0xE0000000;
constexpr uint32_t kHeaderCountMask = 0x1FFFFFFF;
constexpr uint32_t kEntryLengthMask = 0x0FFFFFFF;

enum EntryKind : uint32_t {
  kNull = 0,
  kString = 1,
  kNumber = 2,
  kFalse = 3,
  kTrue = 4,
  kContainer = 5,
  kExtension = 6,
};

constexpr int kMaxDepth = 1000;

arrow::Status Bad(const char* why) { return Corrupt("JSONB: ", why); }

template <typename T>
T LoadBigEndian(const uint8_t* bytes) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(value << 8 | bytes[i]);
  return value;
}

template <typename T>
void AppendInteger(T value, std::string* out) {
  char digits[24];
  auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
  out->append(digits, end);
}

void AppendFloat(double value, std::string* out) {
  if (!std::isfinite(value)) {
    *out += "null";
    return;
  }
  char text[40];
  auto [end, error] =
      std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific);
  std::string_view shortest(text, end - text);
  size_t exponent_at = shortest.find('e');
  int exponent = 0;
  const char* exponent_text = text + exponent_at + 1;
  std::from_chars(exponent_text + (*exponent_text == '+'), end, exponent);
  std::string_view mantissa = shortest.substr(0, exponent_at);
  if (mantissa.front() == '-') {
    *out += '-';
    mantissa.remove_prefix(1);
  }
  if (exponent < -5 || exponent > 15) {
    *out += mantissa;
    *out += exponent < 0 ? "e" : "e+";
    AppendInteger(exponent, out);
    return;
  }
  std::string digits(1, mantissa[0]);
  if (mantissa.size() > 2) digits += mantissa.substr(2);
  if (exponent < 0) {
    *out += "0.";
    out->append(-exponent - 1, '0');
    *out += digits;
    return;
  }
  size_t whole = exponent + 1;
  if (digits.size() <= whole) {
    *out += digits;
    out->append(whole - digits.size(), '0');
    *out += ".0";
  } else {
    out->append(digits, 0, whole);
    *out += '.';
    out->append(digits, whole);
  }
}

void AppendString(Bytes bytes, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  *out += '"';
  for (uint8_t byte : bytes) {
    switch (byte) {
      case '"':
        *out += "\\\"";
        break;
      case '\\':
        *out += "\\\\";
        break;
      case '\b':
        *out += "\\b";
        break;
      case '\f':
        *out += "\\f";
        break;
      case '\n':
        *out += "\\n";
        break;
      case '\r':
        *out += "\\r";
        break;
      case '\t':
        *out += "\\t";
        break;
      default:
        if (byte < 0x20) {
          *out += "\\u00";
          *out += kHex[byte >> 4];
          *out += kHex[byte & 15];
        } else {
          *out += static_cast<char>(byte);
        }
    }
  }
  *out += '"';
}

template <typename T8, typename T16, typename T32, typename T64>
arrow::Status AppendWhole(Bytes bytes, std::string* out) {
  switch (bytes.size()) {
    case 1:
      AppendInteger(static_cast<T64>(static_cast<T8>(bytes[0])), out);
      return arrow::Status::OK();
    case 2:
      AppendInteger(static_cast<T64>(static_cast<T16>(LoadBigEndian<uint16_t>(bytes.data()))), out);
      return arrow::Status::OK();
    case 4:
      AppendInteger(static_cast<T64>(static_cast<T32>(LoadBigEndian<uint32_t>(bytes.data()))), out);
      return arrow::Status::OK();
    case 8:
      AppendInteger(static_cast<T64>(LoadBigEndian<uint64_t>(bytes.data())), out);
      return arrow::Status::OK();
    default:
      return Bad("an integer of a wrong width");
  }
}

arrow::Status AppendDecimal(Bytes bytes, std::string* out) {
  double value = 0;
  // The scale is the last byte; older writers put a precision byte before it.
  if (bytes.size() == 9) {
    value = static_cast<double>(static_cast<int64_t>(LoadBigEndian<uint64_t>(bytes.data())));
  } else if (bytes.size() == 17 || bytes.size() == 18) {
    auto high = static_cast<double>(static_cast<int64_t>(LoadBigEndian<uint64_t>(bytes.data())));
    value = high * 0x1p64 + static_cast<double>(LoadBigEndian<uint64_t>(bytes.data() + 8));
  } else {
    return Unsupported("JSONB: a decimal of ", bytes.size(), " bytes");
  }
  AppendFloat(value / std::pow(10.0, bytes.back()), out);
  return arrow::Status::OK();
}

arrow::Status AppendNumber(Bytes bytes, std::string* out) {
  if (bytes.empty()) return Bad("a number without bytes");
  Bytes rest = bytes.subspan(1);
  switch (bytes[0]) {
    case 0x00:
      *out += '0';
      return arrow::Status::OK();
    case 0x10:
    case 0x20:
    case 0x30:
      *out += "null";
      return arrow::Status::OK();
    case 0x40:
      return AppendWhole<int8_t, int16_t, int32_t, int64_t>(rest, out);
    case 0x50:
      return AppendWhole<uint8_t, uint16_t, uint32_t, uint64_t>(rest, out);
    case 0x60:
      if (rest.size() != 8) return Bad("a float of a wrong width");
      AppendFloat(std::bit_cast<double>(LoadBigEndian<uint64_t>(rest.data())), out);
      return arrow::Status::OK();
    case 0x70:
      return AppendDecimal(rest, out);
    default:
      return Bad("a number of unknown kind");
  }
}

arrow::Status AppendContainer(Bytes bytes, int depth, std::string* out);

/// Entries of a container and the payloads behind them, taken in order.
class Elements {
 public:
  Elements(Bytes entries, ByteReader payloads) : entries_(entries), payloads_(payloads) {}

  struct Element {
    uint32_t kind = 0;
    Bytes payload;
  };

  arrow::Result<Element> Next() {
    uint32_t entry = LoadBigEndian<uint32_t>(entries_.data() + next_entry_);
    next_entry_ += sizeof(uint32_t);
    ARROW_ASSIGN_OR_RAISE(Bytes payload, payloads_.Take(entry & kEntryLengthMask));
    return Element{entry >> 28 & 7, payload};
  }

 private:
  Bytes entries_;
  size_t next_entry_ = 0;
  ByteReader payloads_;
};

arrow::Status AppendElement(const Elements::Element& element, int depth, std::string* out) {
  switch (element.kind) {
    case kNull:
      *out += "null";
      return arrow::Status::OK();
    case kString:
      AppendString(element.payload, out);
      return arrow::Status::OK();
    case kNumber:
      return AppendNumber(element.payload, out);
    case kFalse:
      *out += "false";
      return arrow::Status::OK();
    case kTrue:
      *out += "true";
      return arrow::Status::OK();
    case kContainer:
      return AppendContainer(element.payload, depth + 1, out);
    case kExtension:
      return Unsupported("JSONB: an extension value");
    default:
      return Bad("an entry of unknown kind");
  }
}

arrow::Status AppendContainer(Bytes bytes, int depth, std::string* out) {
  if (depth > kMaxDepth) return Bad("nested too deeply");
  ByteReader reader(bytes, "JSONB");
  ARROW_ASSIGN_OR_RAISE(Bytes header_bytes, reader.Take(sizeof(uint32_t)));
  auto header = LoadBigEndian<uint32_t>(header_bytes.data());
  uint64_t count = header & kHeaderCountMask;
  uint32_t kind = header & kHeaderKindMask;
  if (kind != kArray && kind != kObject && kind != kScalar) return Bad("unknown container");
  if (kind == kScalar) count = 1;
  uint64_t num_entries = kind == kObject ? 2 * count : count;
  ARROW_ASSIGN_OR_RAISE(Bytes entries, reader.Take(num_entries * sizeof(uint32_t)));
  if (kind == kScalar) {
    Elements elements(entries, reader);
    ARROW_ASSIGN_OR_RAISE(auto element, elements.Next());
    if (element.kind == kContainer) return Bad("a scalar that is a container");
    return AppendElement(element, depth, out);
  }
  if (kind == kArray) {
    Elements elements(entries, reader);
    *out += '[';
    for (uint64_t i = 0; i < count; ++i) {
      if (i > 0) *out += ',';
      ARROW_ASSIGN_OR_RAISE(auto element, elements.Next());
      ARROW_RETURN_NOT_OK(AppendElement(element, depth, out));
    }
    *out += ']';
    return arrow::Status::OK();
  }
  Elements keys(entries.first(count * sizeof(uint32_t)), reader);
  uint64_t key_bytes = 0;
  for (uint64_t i = 0; i < count; ++i) {
    key_bytes += LoadBigEndian<uint32_t>(entries.data() + i * sizeof(uint32_t)) & kEntryLengthMask;
  }
  ARROW_RETURN_NOT_OK(reader.Take(key_bytes).status());
  Elements values(entries.subspan(count * sizeof(uint32_t)), reader);
  *out += '{';
  for (uint64_t i = 0; i < count; ++i) {
    if (i > 0) *out += ',';
    ARROW_ASSIGN_OR_RAISE(auto key, keys.Next());
    if (key.kind != kString) return Bad("a key that is no string");
    AppendString(key.payload, out);
    *out += ':';
    ARROW_ASSIGN_OR_RAISE(auto value, values.Next());
    ARROW_RETURN_NOT_OK(AppendElement(value, depth, out));
  }
  *out += '}';
  return arrow::Status::OK();
}

}  // namespace

arrow::Status AppendJsonText(Bytes jsonb, std::string* text) {
  if (jsonb.empty()) {
    *text += "null";
    return arrow::Status::OK();
  }
  size_t start = text->size();
  ARROW_RETURN_NOT_OK(AppendContainer(jsonb, 0, text));
  arrow::util::InitializeUTF8();
  if (!arrow::util::ValidateUTF8(std::string_view(*text).substr(start))) {
    return Bad("text that is not UTF-8");
  }
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::Array>> JsonbToText(const arrow::Array& jsonb,
                                                         arrow::MemoryPool* pool) {
  if (jsonb.type_id() != arrow::Type::LARGE_BINARY) {
    return InvalidInput("JSONB is stored as large_binary, got ", jsonb.type()->ToString());
  }
  const auto& documents = static_cast<const arrow::LargeBinaryArray&>(jsonb);
  arrow::StringBuilder builder(pool);
  ARROW_RETURN_NOT_OK(builder.Reserve(documents.length()));
  std::string text;
  for (int64_t i = 0; i < documents.length(); ++i) {
    if (documents.IsNull(i)) {
      builder.UnsafeAppendNull();
      continue;
    }
    std::string_view document = documents.GetView(i);
    text.clear();
    ARROW_RETURN_NOT_OK(AppendJsonText(
        {reinterpret_cast<const uint8_t*>(document.data()), document.size()}, &text));
    ARROW_RETURN_NOT_OK(builder.Append(text));
  }
  return builder.Finish();
}

}  // namespace lancea
