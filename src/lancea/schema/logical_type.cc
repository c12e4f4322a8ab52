#include "lancea/schema/logical_type.h"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "arrow/extension_type.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::DataType;
using arrow::TimeUnit;
using TypePtr = std::shared_ptr<DataType>;

constexpr std::string_view kBfloat16 = "lance.bfloat16";
constexpr std::string_view kFixedSizeList = "fixed_size_list:";

struct NamedType {
  std::string_view text;
  const TypePtr& (*type)();
};

constexpr std::array kPlainTypes = {
    NamedType{"null", arrow::null},
    NamedType{"bool", arrow::boolean},
    NamedType{"int8", arrow::int8},
    NamedType{"uint8", arrow::uint8},
    NamedType{"int16", arrow::int16},
    NamedType{"uint16", arrow::uint16},
    NamedType{"int32", arrow::int32},
    NamedType{"uint32", arrow::uint32},
    NamedType{"int64", arrow::int64},
    NamedType{"uint64", arrow::uint64},
    NamedType{"halffloat", arrow::float16},
    NamedType{"float", arrow::float32},
    NamedType{"double", arrow::float64},
    NamedType{"string", arrow::utf8},
    NamedType{"binary", arrow::binary},
    NamedType{"large_string", arrow::large_utf8},
    NamedType{"large_binary", arrow::large_binary},
    NamedType{"date32:day", arrow::date32},
    NamedType{"date64:ms", arrow::date64},
    // Names with a meaning beyond their storage come last, so that formatting finds the plain one.
    NamedType{"json", arrow::large_binary},
    NamedType{"blob", arrow::large_binary},
};

constexpr std::array<std::pair<std::string_view, TimeUnit::type>, 4> kUnits = {{
    {"s", TimeUnit::SECOND},
    {"ms", TimeUnit::MILLI},
    {"us", TimeUnit::MICRO},
    {"ns", TimeUnit::NANO},
}};

std::string_view UnitText(TimeUnit::type unit) {
  for (const auto& [text, value] : kUnits) {
    if (value == unit) return text;
  }
  return "";
}

arrow::Status Malformed(std::string_view text, std::string_view why) {
  return Corrupt("logical type \"", text, "\": ", why);
}

template <typename Integer>
arrow::Result<Integer> ParseInteger(std::string_view digits, std::string_view text) {
  Integer value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return Malformed(text, "a number was expected, found \"" + std::string(digits) + "\"");
  }
  return value;
}

arrow::Result<TimeUnit::type> ParseUnit(std::string_view unit, std::string_view text) {
  for (const auto& [name, value] : kUnits) {
    if (name == unit) return value;
  }
  return Malformed(text, "time unit \"" + std::string(unit) + "\" is none of s, ms, us, ns");
}

/// Split at the first ':'; the second part is empty when there is none.
std::pair<std::string_view, std::string_view> SplitFirst(std::string_view text) {
  size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

arrow::Result<TypePtr> ParseDecimal(std::string_view rest, std::string_view text) {
  auto [bits, numbers] = SplitFirst(rest);
  auto [precision_text, scale_text] = SplitFirst(numbers);
  ARROW_ASSIGN_OR_RAISE(int32_t precision, ParseInteger<int32_t>(precision_text, text));
  ARROW_ASSIGN_OR_RAISE(int32_t scale, ParseInteger<int32_t>(scale_text, text));
  if (scale < -128 || scale > 127) return Malformed(text, "scale does not fit 8 bits");
  auto made = bits == "128"   ? arrow::Decimal128Type::Make(precision, scale)
              : bits == "256" ? arrow::Decimal256Type::Make(precision, scale)
                              : arrow::Result<TypePtr>(Malformed(text, "not 128 or 256 bits"));
  if (!made.ok()) return Malformed(text, made.status().message());
  return made;
}

arrow::Result<TypePtr> ParseDictionary(std::string_view rest, std::string_view text) {
  auto [value_text, after_value] = SplitFirst(rest);
  auto [index_text, ordered] = SplitFirst(after_value);
  if (ordered.empty() || ordered.find(':') != std::string_view::npos) {
    return Malformed(text, "expected dict:{value}:{index}:{ordered}");
  }
  ARROW_ASSIGN_OR_RAISE(TypePtr value, ParseLogicalType(value_text));
  ARROW_ASSIGN_OR_RAISE(TypePtr index, ParseLogicalType(index_text));
  auto made = arrow::DictionaryType::Make(index, value, /*ordered=*/false);
  if (!made.ok()) return Malformed(text, made.status().message());
  return made;
}

arrow::Result<TypePtr> ParseFixedSizeList(std::string_view text) {
  // Dimensions are peeled from the right without recursion: the text comes from disk.
  std::vector<int32_t> dimensions;
  int64_t num_elements = 1;
  std::string_view element = text;
  while (element.starts_with(kFixedSizeList)) {
    if (dimensions.size() >= kMaxSchemaDepth) return Malformed(text, "nested too deeply");
    ARROW_ASSIGN_OR_RAISE(int32_t dimension, FixedSizeListDimension(element));
    num_elements *= dimension;
    if (num_elements > std::numeric_limits<int32_t>::max()) {
      return Malformed(text, "more than 2^31 elements per value");
    }
    dimensions.push_back(dimension);
    element.remove_prefix(kFixedSizeList.size());
    size_t last = element.rfind(':');
    if (last == std::string_view::npos) return Malformed(text, "no element type");
    element = element.substr(0, last);
  }
  std::shared_ptr<arrow::Field> item;
  if (element == kBfloat16) {
    item =
        arrow::field("item", arrow::fixed_size_binary(2), /*nullable=*/true,
                     arrow::key_value_metadata({"ARROW:extension:name", "ARROW:extension:metadata"},
                                               {std::string(kBfloat16), ""}));
  } else if (NestedKindOf(element) != NestedKind::kNone) {
    return Malformed(text, "an element with child fields cannot be nested here");
  } else {
    ARROW_ASSIGN_OR_RAISE(TypePtr type, ParseLogicalType(element));
    item = arrow::field("item", std::move(type));
  }
  TypePtr list;
  for (auto dimension = dimensions.rbegin(); dimension != dimensions.rend(); ++dimension) {
    list = arrow::fixed_size_list(item, *dimension);
    item = arrow::field("item", list);
  }
  return list;
}

// The extension as a registered type or, where it is not known, as a field's metadata.
bool IsBfloat16(const arrow::Field& field) {
  if (field.type()->id() == arrow::Type::EXTENSION) {
    return static_cast<const arrow::ExtensionType&>(*field.type()).extension_name() == kBfloat16;
  }
  const auto& metadata = field.metadata();
  return metadata != nullptr && metadata->Get("ARROW:extension:name").ValueOr("") == kBfloat16;
}

}  // namespace

NestedKind NestedKindOf(std::string_view logical_type) {
  if (logical_type == "struct") return NestedKind::kStruct;
  if (logical_type == "list" || logical_type == "list.struct") return NestedKind::kList;
  if (logical_type == "large_list" || logical_type == "large_list.struct") {
    return NestedKind::kLargeList;
  }
  if (logical_type == "map") return NestedKind::kMap;
  if (logical_type.starts_with("fixed_size_list:struct:")) return NestedKind::kFixedSizeList;
  return NestedKind::kNone;
}

arrow::Result<int32_t> FixedSizeListDimension(std::string_view logical_type) {
  size_t last = logical_type.rfind(':');
  if (!logical_type.starts_with(kFixedSizeList) || last < kFixedSizeList.size()) {
    return Malformed(logical_type, "expected fixed_size_list:{element}:{dimension}");
  }
  ARROW_ASSIGN_OR_RAISE(int32_t dimension,
                        ParseInteger<int32_t>(logical_type.substr(last + 1), logical_type));
  // Row counts are item counts divided by the dimension.
  if (dimension <= 0) return Malformed(logical_type, "the dimension must be positive");
  return dimension;
}

arrow::Result<TypePtr> ParseLogicalType(std::string_view text) {
  for (const NamedType& plain : kPlainTypes) {
    if (plain.text == text) return plain.type();
  }
  auto [word, rest] = SplitFirst(text);
  if (word == "fixed_size_list") return ParseFixedSizeList(text);
  if (word == "dict") return ParseDictionary(rest, text);
  if (word == "decimal") return ParseDecimal(rest, text);
  if (word == "fixed_size_binary") {
    ARROW_ASSIGN_OR_RAISE(int32_t width, ParseInteger<int32_t>(rest, text));
    if (width < 0) return Malformed(text, "negative width");
    return arrow::fixed_size_binary(width);
  }
  if (word == "timestamp") {
    auto [unit_text, zone] = SplitFirst(rest);
    ARROW_ASSIGN_OR_RAISE(TimeUnit::type unit, ParseUnit(unit_text, text));
    if (rest.find(':') == std::string_view::npos) return Malformed(text, "no time zone");
    return zone == "-" ? arrow::timestamp(unit) : arrow::timestamp(unit, std::string(zone));
  }
  if (word == "duration") {
    ARROW_ASSIGN_OR_RAISE(TimeUnit::type unit, ParseUnit(rest, text));
    return arrow::duration(unit);
  }
  if (word == "time32" || word == "time64") {
    ARROW_ASSIGN_OR_RAISE(TimeUnit::type unit, ParseUnit(rest, text));
    bool is_coarse = unit == TimeUnit::SECOND || unit == TimeUnit::MILLI;
    if (is_coarse != (word == "time32")) return Malformed(text, "unit does not fit the width");
    return is_coarse ? arrow::time32(unit) : arrow::time64(unit);
  }
  return Unsupported("logical type \"", text, "\" is not known to this build");
}

arrow::Result<std::string> FormatLogicalType(const DataType& type) {
  auto with_unit = [](const char* word, TimeUnit::type unit) {
    return std::string(word) + ":" + std::string(UnitText(unit));
  };
  auto unsupported = [&](const char* why) {
    return InvalidInput("type ", type.ToString(), " cannot be stored: ", why);
  };
  switch (type.id()) {
    case arrow::Type::STRING_VIEW:
      return "string";
    case arrow::Type::BINARY_VIEW:
      return "binary";
    case arrow::Type::STRUCT:
      return "struct";
    case arrow::Type::TIME32:
      return with_unit("time32", static_cast<const arrow::Time32Type&>(type).unit());
    case arrow::Type::TIME64:
      return with_unit("time64", static_cast<const arrow::Time64Type&>(type).unit());
    case arrow::Type::DURATION:
      return with_unit("duration", static_cast<const arrow::DurationType&>(type).unit());
    case arrow::Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      return with_unit("timestamp", timestamp.unit()) + ":" +
             (timestamp.timezone().empty() ? "-" : timestamp.timezone());
    }
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      return std::string(type.id() == arrow::Type::DECIMAL128 ? "decimal:128:" : "decimal:256:") +
             std::to_string(decimal.precision()) + ":" + std::to_string(decimal.scale());
    }
    case arrow::Type::FIXED_SIZE_BINARY:
      return "fixed_size_binary:" +
             std::to_string(static_cast<const arrow::FixedSizeBinaryType&>(type).byte_width());
    case arrow::Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(type);
      ARROW_ASSIGN_OR_RAISE(std::string value, FormatLogicalType(*dictionary.value_type()));
      ARROW_ASSIGN_OR_RAISE(std::string index, FormatLogicalType(*dictionary.index_type()));
      if (value.find(':') != std::string::npos || NestedKindOf(value) != NestedKind::kNone) {
        return unsupported("dictionary values must be of a type without parameters");
      }
      return "dict:" + value + ":" + index + ":false";
    }
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST: {
      const char* word = type.id() == arrow::Type::LIST ? "list" : "large_list";
      bool of_structs = type.field(0)->type()->id() == arrow::Type::STRUCT;
      return std::string(word) + (of_structs ? ".struct" : "");
    }
    case arrow::Type::MAP:
      if (static_cast<const arrow::MapType&>(type).keys_sorted()) {
        return unsupported("maps with sorted keys are not in the format");
      }
      return "map";
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
      if (list.list_size() <= 0) return unsupported("the list size must be positive");
      std::string element;
      if (IsBfloat16(*list.value_field())) {
        element = kBfloat16;
      } else {
        // Of other extension types inside a list only the storage is kept.
        const DataType* value = list.value_type().get();
        while (value->id() == arrow::Type::EXTENSION) {
          value = static_cast<const arrow::ExtensionType&>(*value).storage_type().get();
        }
        ARROW_ASSIGN_OR_RAISE(element, FormatLogicalType(*value));
        NestedKind kind = NestedKindOf(element);
        if (kind != NestedKind::kNone && kind != NestedKind::kStruct) {
          return unsupported("fixed-size lists of lists or maps are not in the format");
        }
      }
      return std::string(kFixedSizeList) + element + ":" + std::to_string(list.list_size());
    }
    default:
      break;
  }
  for (const NamedType& plain : kPlainTypes) {
    if (plain.type()->id() == type.id()) return std::string(plain.text);
  }
  return unsupported("the format has no such type");
}

}  // namespace lancea
