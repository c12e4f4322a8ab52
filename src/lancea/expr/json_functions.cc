// Functions of JSON documents.
#include "lancea/expr/sql_functions.h"

namespace lancea {
namespace {

// JSONB as it is stored; text of JSON is converted.
arrow::Result<Typed> Document(Typed value, std::string_view function) {
  switch (value.type->id()) {
    case arrow::Type::LARGE_BINARY:
      return value;
    case arrow::Type::BINARY:
      return CastTo(std::move(value), arrow::large_binary());
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
      return CallOf("lancea_json_from_text", {std::move(value)}, arrow::large_binary());
    case arrow::Type::NA:
      return NullOf(arrow::large_binary());
    default:
      return DoesNotTake(function, value);
  }
}

arrow::Result<Typed> Bind(TypedVector values, const char* function, const TypePointer& type) {
  ARROW_ASSIGN_OR_RAISE(values[0], Document(std::move(values[0]), function + 7));
  for (size_t i = 1; i < values.size(); ++i) {
    // Keys of arrays and values looked for may be written as numbers.
    const bool number = arrow::is_integer(values[i].type->id());
    ARROW_ASSIGN_OR_RAISE(values[i], TextArgumentOf(std::move(values[i]), function + 7, number));
    ARROW_ASSIGN_OR_RAISE(values[i], CastTo(std::move(values[i]), arrow::utf8()));
  }
  return CallOf(function, std::move(values), type);
}

constexpr char kExtract[] = "lancea_json_extract", kExists[] = "lancea_json_exists",
               kLength[] = "lancea_json_array_length", kContains[] = "lancea_json_array_contains",
               kGet[] = "lancea_json_get", kGetString[] = "lancea_json_get_string",
               kGetInt[] = "lancea_json_get_int", kGetFloat[] = "lancea_json_get_float",
               kGetBool[] = "lancea_json_get_bool";

using MakeType = TypePointer (*)();
TypePointer Boolean() { return arrow::boolean(); }
TypePointer Int64() { return arrow::int64(); }
TypePointer Float64() { return arrow::float64(); }
TypePointer Text() { return arrow::utf8(); }
TypePointer Jsonb() { return arrow::large_binary(); }

template <const char* function, MakeType type>
arrow::Result<Typed> Bind(TypedVector values) {
  return Bind(std::move(values), function, type());
}

arrow::Result<Typed> ExtractWithType(TypedVector values) {
  const TypePointer type =
      arrow::struct_({arrow::field("value", arrow::large_binary()),
                      arrow::field("type_tag", arrow::uint8(), /*nullable=*/false)});
  return Bind(std::move(values), "lancea_json_extract_with_type", type);
}

constexpr SqlFunction kFunctions[] = {
    {"json_extract", 2, 2, Bind<kExtract, Text>},
    {"json_extract_with_type", 2, 2, ExtractWithType},
    {"json_exists", 2, 2, Bind<kExists, Boolean>},
    {"json_get", 2, 2, Bind<kGet, Jsonb>},
    {"json_get_string", 2, 2, Bind<kGetString, Text>},
    {"json_get_int", 2, 2, Bind<kGetInt, Int64>},
    {"json_get_float", 2, 2, Bind<kGetFloat, Float64>},
    {"json_get_bool", 2, 2, Bind<kGetBool, Boolean>},
    {"json_array_contains", 3, 3, Bind<kContains, Boolean>},
    {"json_array_length", 2, 2, Bind<kLength, Int64>},
};

}  // namespace

std::span<const SqlFunction> JsonFunctions() { return kFunctions; }

}  // namespace lancea
