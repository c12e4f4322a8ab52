#include "value_text.h"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "arrow/array.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/base64.h"
#include "arrow/util/float16.h"

namespace lancea::cli {
namespace {

template <typename Number>
void AppendNumber(Number value, std::string* out) {
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(value)) {
      *out += "null";
      return;
    }
  }
  char text[64];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  out->append(text, end);
}

template <typename Type>
void AppendNumberAt(const arrow::Array& array, int64_t row, std::string* out) {
  AppendNumber(static_cast<const arrow::NumericArray<Type>&>(array).Value(row), out);
}

void AppendItems(const arrow::Array& items, int64_t begin, int64_t end, std::string* out) {
  *out += '[';
  for (int64_t i = begin; i < end; ++i) {
    if (i > begin) *out += ',';
    AppendJson(items, i, out);
  }
  *out += ']';
}

template <typename ListArray>
void AppendList(const arrow::Array& array, int64_t row, std::string* out) {
  const auto& list = static_cast<const ListArray&>(array);
  AppendItems(*list.values(), list.value_offset(row),
              list.value_offset(row) + list.value_length(row), out);
}

void AppendMap(const arrow::MapArray& map, int64_t row, std::string* out) {
  *out += '[';
  for (int64_t i = map.value_offset(row); i < map.value_offset(row) + map.value_length(row); ++i) {
    *out += i > map.value_offset(row) ? ",{\"key\":" : "{\"key\":";
    AppendJson(*map.keys(), i, out);
    *out += ",\"value\":";
    AppendJson(*map.items(), i, out);
    *out += '}';
  }
  *out += ']';
}

void AppendStruct(const arrow::StructArray& array, int64_t row, std::string* out) {
  *out += '{';
  for (int i = 0; i < array.num_fields(); ++i) {
    if (i > 0) *out += ',';
    AppendJsonString(array.struct_type()->field(i)->name(), out);
    *out += ':';
    AppendJson(*array.field(i), row, out);
  }
  *out += '}';
}

// The text of a value whose JSON form is a string; false for the others.
bool AppendText(const arrow::Array& array, int64_t row, std::string* out) {
  switch (array.type_id()) {
    case arrow::Type::STRING:
      *out += static_cast<const arrow::StringArray&>(array).GetView(row);
      return true;
    case arrow::Type::LARGE_STRING:
      *out += static_cast<const arrow::LargeStringArray&>(array).GetView(row);
      return true;
    case arrow::Type::BINARY:
      *out +=
          arrow::util::base64_encode(static_cast<const arrow::BinaryArray&>(array).GetView(row));
      return true;
    case arrow::Type::LARGE_BINARY:
      *out += arrow::util::base64_encode(
          static_cast<const arrow::LargeBinaryArray&>(array).GetView(row));
      return true;
    case arrow::Type::FIXED_SIZE_BINARY:
      *out += arrow::util::base64_encode(
          static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(row));
      return true;
    case arrow::Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
      const int64_t index = dictionary.GetValueIndex(row);
      return !dictionary.dictionary()->IsNull(index) &&
             AppendText(*dictionary.dictionary(), index, out);
    }
    case arrow::Type::NA:
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
    case arrow::Type::UINT32:
    case arrow::Type::UINT64:
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
    case arrow::Type::MAP:
    case arrow::Type::STRUCT:
      return false;
    default: {
      auto scalar = array.GetScalar(row);
      *out += scalar.ok() ? (*scalar)->ToString() : "?";
      return true;
    }
  }
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  *out += '"';
  for (char c : text) {
    switch (c) {
      case '"':
        *out += "\\\"";
        break;
      case '\\':
        *out += "\\\\";
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
        if (static_cast<unsigned char>(c) < 0x20) {
          char escape[8];
          std::snprintf(escape, sizeof(escape), "\\u%04x", static_cast<unsigned>(c));
          *out += escape;
        } else {
          *out += c;
        }
    }
  }
  *out += '"';
}

void AppendJsonMember(std::string_view key, uint64_t number, std::string* out) {
  if (!out->empty() && out->back() != '{') *out += ',';
  AppendJsonString(key, out);
  *out += ':';
  AppendNumber(number, out);
}

void AppendJson(const arrow::Array& array, int64_t row, std::string* out) {
  if (array.IsNull(row)) {
    *out += "null";
    return;
  }
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      *out += static_cast<const arrow::BooleanArray&>(array).Value(row) ? "true" : "false";
      return;
    case arrow::Type::INT8:
      return AppendNumberAt<arrow::Int8Type>(array, row, out);
    case arrow::Type::INT16:
      return AppendNumberAt<arrow::Int16Type>(array, row, out);
    case arrow::Type::INT32:
      return AppendNumberAt<arrow::Int32Type>(array, row, out);
    case arrow::Type::INT64:
      return AppendNumberAt<arrow::Int64Type>(array, row, out);
    case arrow::Type::UINT8:
      return AppendNumberAt<arrow::UInt8Type>(array, row, out);
    case arrow::Type::UINT16:
      return AppendNumberAt<arrow::UInt16Type>(array, row, out);
    case arrow::Type::UINT32:
      return AppendNumberAt<arrow::UInt32Type>(array, row, out);
    case arrow::Type::UINT64:
      return AppendNumberAt<arrow::UInt64Type>(array, row, out);
    case arrow::Type::HALF_FLOAT:
      return AppendNumber(arrow::util::Float16::FromBits(
                              static_cast<const arrow::HalfFloatArray&>(array).Value(row))
                              .ToFloat(),
                          out);
    case arrow::Type::FLOAT:
      return AppendNumberAt<arrow::FloatType>(array, row, out);
    case arrow::Type::DOUBLE:
      return AppendNumberAt<arrow::DoubleType>(array, row, out);
    case arrow::Type::LIST:
      return AppendList<arrow::ListArray>(array, row, out);
    case arrow::Type::LARGE_LIST:
      return AppendList<arrow::LargeListArray>(array, row, out);
    case arrow::Type::FIXED_SIZE_LIST:
      return AppendList<arrow::FixedSizeListArray>(array, row, out);
    case arrow::Type::MAP:
      return AppendMap(static_cast<const arrow::MapArray&>(array), row, out);
    case arrow::Type::STRUCT:
      return AppendStruct(static_cast<const arrow::StructArray&>(array), row, out);
    default:
      break;
  }
  std::string text;
  if (AppendText(array, row, &text)) return AppendJsonString(text, out);
  const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
  AppendJson(*dictionary.dictionary(), dictionary.GetValueIndex(row), out);
}

void AppendPlain(const arrow::Array& array, int64_t row, std::string* out) {
  if (array.IsNull(row)) return;
  if (!AppendText(array, row, out)) AppendJson(array, row, out);
}

}  // namespace lancea::cli
