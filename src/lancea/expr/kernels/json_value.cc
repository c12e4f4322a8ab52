#include "lancea/expr/kernels/json_value.h"

#include "lancea/util/errors.h"
#include "lancea/util/jsonb.h"

namespace lancea {
namespace {

constexpr uint32_t kArray = 0x80000000;
constexpr uint32_t kObject = 0x40000000;
constexpr uint32_t kScalar = 0x20000000;
constexpr uint32_t kKindMask = 0xE0000000;
constexpr uint32_t kCountMask = 0x1FFFFFFF;
constexpr uint32_t kLengthMask = 0x0FFFFFFF;
constexpr uint32_t kContainerEntry = 5u << 28;

uint32_t Load(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

void Store(uint32_t word, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) *out += static_cast<char>(word >> shift);
}

void Append(Bytes bytes, std::string* out) {
  out->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

arrow::Result<JsonValue> JsonValue::OfEntry(uint32_t entry, Bytes payload) {
  JsonValue out;
  out.entry_ = entry;
  out.payload_ = payload;
  switch (entry >> 28 & 7) {
    case 0:
      return out;
    case 1:
      out.kind_ = Kind::kString;
      return out;
    case 2:
      out.kind_ = Kind::kNumber;
      return out;
    case 3:
    case 4:
      out.kind_ = Kind::kBoolean;
      out.boolean_ = (entry >> 28 & 7) == 4;
      return out;
    case 5: {
      if (payload.size() < sizeof(uint32_t)) return Corrupt("JSONB: a container without header");
      const uint32_t kind = Load(payload.data()) & kKindMask;
      if (kind != kArray && kind != kObject) return Corrupt("JSONB: unknown container");
      out.kind_ = kind == kArray ? Kind::kArray : Kind::kObject;
      return out;
    }
    default:
      return Unsupported("JSONB: an extension value");
  }
}

arrow::Result<JsonValue> JsonValue::Document(Bytes jsonb) {
  if (jsonb.empty()) return JsonValue();
  if (jsonb.size() < sizeof(uint32_t)) return Corrupt("JSONB: a document without header");
  const uint32_t header = Load(jsonb.data());
  if ((header & kKindMask) != kScalar) {
    return OfEntry(kContainerEntry | (static_cast<uint32_t>(jsonb.size()) & kLengthMask), jsonb);
  }
  ByteReader reader(jsonb.subspan(sizeof(uint32_t)), "JSONB");
  ARROW_ASSIGN_OR_RAISE(Bytes entry_bytes, reader.Take(sizeof(uint32_t)));
  const uint32_t entry = Load(entry_bytes.data());
  ARROW_ASSIGN_OR_RAISE(Bytes payload, reader.Take(entry & kLengthMask));
  return OfEntry(entry, payload);
}

arrow::Result<std::vector<JsonValue>> JsonValue::ReadEntries(
    std::vector<std::string_view>* keys) const {
  std::vector<JsonValue> out;
  if (kind_ != Kind::kArray && kind_ != Kind::kObject) return out;
  const uint64_t count = Load(payload_.data()) & kCountMask;
  ByteReader reader(payload_.subspan(sizeof(uint32_t)), "JSONB");
  auto read = [&](Bytes entries, auto add) -> arrow::Status {
    for (uint64_t i = 0; i < count; ++i) {
      const uint32_t entry = Load(entries.data() + i * sizeof(uint32_t));
      ARROW_ASSIGN_OR_RAISE(Bytes payload, reader.Take(entry & kLengthMask));
      ARROW_RETURN_NOT_OK(add(entry, payload));
    }
    return arrow::Status::OK();
  };
  const bool object = kind_ == Kind::kObject;
  ARROW_ASSIGN_OR_RAISE(Bytes entries, reader.Take((object ? 2 : 1) * count * sizeof(uint32_t)));
  if (object) {
    ARROW_RETURN_NOT_OK(read(entries, [&](uint32_t, Bytes payload) {
      keys->emplace_back(reinterpret_cast<const char*>(payload.data()), payload.size());
      return arrow::Status::OK();
    }));
    entries = entries.subspan(count * sizeof(uint32_t));
  }
  ARROW_RETURN_NOT_OK(read(entries, [&](uint32_t entry, Bytes payload) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(JsonValue value, OfEntry(entry, payload));
    out.push_back(value);
    return arrow::Status::OK();
  }));
  return out;
}

arrow::Result<std::vector<JsonValue>> JsonValue::Children() const {
  std::vector<std::string_view> keys;
  return ReadEntries(&keys);
}

arrow::Result<std::optional<JsonValue>> JsonValue::Field(std::string_view key) const {
  if (kind_ != Kind::kObject) return std::nullopt;
  std::vector<std::string_view> keys;
  ARROW_ASSIGN_OR_RAISE(std::vector<JsonValue> values, ReadEntries(&keys));
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) return values[i];
  }
  return std::nullopt;
}

std::string JsonValue::ToJsonb() const {
  std::string out;
  if (kind_ != Kind::kArray && kind_ != Kind::kObject) {
    Store(kScalar, &out);
    Store(entry_, &out);
  }
  Append(payload_, &out);
  return out;
}

arrow::Result<std::string> JsonValue::ToText() const {
  const std::string document = ToJsonb();
  std::string out;
  ARROW_RETURN_NOT_OK(
      AppendJsonText({reinterpret_cast<const uint8_t*>(document.data()), document.size()}, &out));
  return out;
}

std::string MakeJsonbArray(const std::vector<JsonValue>& values) {
  std::string out;
  Store(kArray | static_cast<uint32_t>(values.size()), &out);
  for (const JsonValue& value : values) Store(value.entry(), &out);
  for (const JsonValue& value : values) Append(value.payload(), &out);
  return out;
}

}  // namespace lancea
