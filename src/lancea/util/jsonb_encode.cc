#include "lancea/util/jsonb_encode.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/visit_data_inline.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint32_t kArray = 0x80000000u, kObject = 0x40000000u, kScalar = 0x20000000u;
constexpr uint32_t kNull = 0u << 28, kString = 1u << 28, kNumber = 2u << 28, kFalse = 3u << 28,
                   kTrue = 4u << 28, kContainer = 5u << 28;
constexpr uint32_t kMaxLength = (1u << 28) - 1;
constexpr int kMaxDepth = 512;

void AppendBigEndian(uint64_t value, int bytes, std::string* out) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift));
  }
}

void PutBigEndian(uint32_t value, size_t at, std::string* out) {
  for (int i = 0; i < 4; ++i) (*out)[at + i] = static_cast<char>(value >> (24 - 8 * i));
}

int BytesOf(uint64_t value) {
  return value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : value <= UINT32_MAX ? 4 : 8;
}

int SignedBytesOf(int64_t value) {
  return value >= INT8_MIN ? 1 : value >= INT16_MIN ? 2 : value >= INT32_MIN ? 4 : 8;
}

void AppendNumber(const nlohmann::json& number, std::string* out) {
  if (number.is_number_float()) {
    out->push_back(0x60);
    AppendBigEndian(std::bit_cast<uint64_t>(number.get<double>()), 8, out);
  } else if (number.is_number_unsigned() || number.get<int64_t>() >= 0) {
    const uint64_t value = number.get<uint64_t>();
    if (value == 0) {
      out->push_back(0x00);
    } else {
      out->push_back(0x50);
      AppendBigEndian(value, BytesOf(value), out);
    }
  } else {
    const int64_t value = number.get<int64_t>();
    out->push_back(0x40);
    AppendBigEndian(static_cast<uint64_t>(value), SignedBytesOf(value), out);
  }
}

class Encoder {
 public:
  explicit Encoder(std::string* out) : out_(out) {}

  arrow::Status Document(const nlohmann::json& document) {
    if (document.is_structured()) return Container(document, 0);
    AppendBigEndian(kScalar, 4, out_);
    const size_t entry = out_->size();
    AppendBigEndian(0, 4, out_);
    return Value(document, entry, 0);
  }

 private:
  arrow::Status Container(const nlohmann::json& value, int depth) {
    if (depth > kMaxDepth) return InvalidInput("JSON nested deeper than ", kMaxDepth, " levels");
    const bool is_object = value.is_object();
    const size_t count = value.size();
    if (count >= (1u << 29)) return InvalidInput("JSON container of ", count, " elements");
    AppendBigEndian((is_object ? kObject : kArray) | static_cast<uint32_t>(count), 4, out_);
    size_t entry = out_->size();
    out_->append(4 * count * (is_object ? 2 : 1), '\0');
    if (is_object) {
      for (const auto& [key, unused] : value.items()) {
        ARROW_RETURN_NOT_OK(Text(key, entry));
        entry += 4;
      }
    }
    for (const auto& element : value) {
      ARROW_RETURN_NOT_OK(Value(element, entry, depth));
      entry += 4;
    }
    return arrow::Status::OK();
  }

  arrow::Status Text(const std::string& text, size_t entry) {
    out_->append(text);
    return Entry(kString, text.size(), entry);
  }

  arrow::Status Value(const nlohmann::json& value, size_t entry, int depth) {
    const size_t begin = out_->size();
    switch (value.type()) {
      case nlohmann::json::value_t::string:
        return Text(value.get_ref<const std::string&>(), entry);
      case nlohmann::json::value_t::boolean:
        return Entry(value.get<bool>() ? kTrue : kFalse, 0, entry);
      case nlohmann::json::value_t::number_integer:
      case nlohmann::json::value_t::number_unsigned:
      case nlohmann::json::value_t::number_float:
        AppendNumber(value, out_);
        return Entry(kNumber, out_->size() - begin, entry);
      case nlohmann::json::value_t::object:
      case nlohmann::json::value_t::array:
        ARROW_RETURN_NOT_OK(Container(value, depth + 1));
        return Entry(kContainer, out_->size() - begin, entry);
      default:
        return Entry(kNull, 0, entry);
    }
  }

  arrow::Status Entry(uint32_t kind, size_t length, size_t at) {
    if (length > kMaxLength) return InvalidInput("JSON value of ", length, " bytes is too large");
    PutBigEndian(kind | static_cast<uint32_t>(length), at, out_);
    return arrow::Status::OK();
  }

  std::string* out_;
};

template <typename Type>
arrow::Result<std::shared_ptr<arrow::Array>> Convert(const arrow::Array& text,
                                                     arrow::MemoryPool* pool) {
  arrow::LargeBinaryBuilder builder(pool);
  ARROW_RETURN_NOT_OK(builder.Reserve(text.length()));
  std::string jsonb;
  int64_t row = 0;
  ARROW_RETURN_NOT_OK(arrow::VisitArraySpanInline<Type>(
      *text.data(),
      [&](std::string_view document) -> arrow::Status {
        jsonb.clear();
        ARROW_RETURN_NOT_OK(Prefix(AppendJsonb(document, &jsonb), "row " + std::to_string(row)));
        ++row;
        return builder.Append(jsonb);
      },
      [&]() -> arrow::Status {
        ++row;
        return builder.AppendNull();
      }));
  return builder.Finish();
}

}  // namespace

arrow::Status AppendJsonb(std::string_view text, std::string* jsonb) {
  nlohmann::json document;
  try {
    document = nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    return InvalidInput("not JSON: ", error.what());
  }
  return Encoder(jsonb).Document(document);
}

arrow::Result<std::shared_ptr<arrow::Array>> TextToJsonb(const arrow::Array& text,
                                                         arrow::MemoryPool* pool) {
  if (text.type_id() == arrow::Type::STRING) return Convert<arrow::StringType>(text, pool);
  if (text.type_id() == arrow::Type::LARGE_STRING) {
    return Convert<arrow::LargeStringType>(text, pool);
  }
  return InvalidInput("JSON columns take text, not ", text.type()->ToString());
}

}  // namespace lancea
