#include "lancea/expr/sql_functions.h"

#include <algorithm>
#include <array>

#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Other names for the same.
constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
    {"char_length", "length"},
    {"character_length", "length"},
    {"instr", "strpos"},
    {"trim", "btrim"},
    {"substring", "substr"},
    {"substring_index", "substr_index"},
    {"pow", "power"},
    {"sign", "signum"},
    {"ceiling", "ceil"},
    {"ifnull", "nvl"},
    {"datepart", "date_part"},
    {"datetrunc", "date_trunc"},
    {"current_timestamp", "now"},
    {"today", "current_date"},
    {"list_has", "array_has"},
    {"array_contains", "array_has"},
    {"list_contains", "array_has"},
    {"list_has_any", "array_has_any"},
    {"arrays_overlap", "array_has_any"},
    {"list_has_all", "array_has_all"},
    {"list_length", "array_length"},
    {"list_element", "array_element"},
    {"array_extract", "array_element"},
    {"list_extract", "array_element"},
    {"list_slice", "array_slice"},
    {"list_to_string", "array_to_string"},
    {"array_join", "array_to_string"},
    {"list_join", "array_to_string"},
    {"list_position", "array_position"},
    {"array_indexof", "array_position"},
    {"list_indexof", "array_position"},
    {"list_append", "array_append"},
    {"array_push_back", "array_append"},
    {"list_push_back", "array_append"},
    {"list_prepend", "array_prepend"},
    {"array_push_front", "array_prepend"},
    {"list_push_front", "array_prepend"},
    {"list_concat", "array_concat"},
    {"list_cat", "array_concat"},
    {"array_cat", "array_concat"},
    {"list_distinct", "array_distinct"},
    {"list_sort", "array_sort"},
    {"list_reverse", "array_reverse"},
    {"list_max", "array_max"},
    {"list_min", "array_min"},
    {"make_list", "make_array"},
    {"list_remove", "array_remove"},
    {"list_remove_n", "array_remove_n"},
    {"list_remove_all", "array_remove_all"},
    {"list_replace", "array_replace"},
    {"list_replace_n", "array_replace_n"},
    {"list_replace_all", "array_replace_all"},
    {"list_union", "array_union"},
    {"list_intersect", "array_intersect"},
    {"list_except", "array_except"},
    {"list_positions", "array_positions"},
    {"list_pop_front", "array_pop_front"},
    {"list_pop_back", "array_pop_back"},
    {"list_any_value", "array_any_value"},
    {"list_empty", "empty"},
    {"array_empty", "empty"},
};

std::array<std::span<const SqlFunction>, 7> Families() {
  return {TextFunctions(), PatternFunctions(), MathFunctions(), ValueFunctions(),
          DateFunctions(), ArrayFunctions(),   JsonFunctions()};
}

}  // namespace

const SqlFunction* FindSqlFunction(std::string_view name) {
  for (const auto& [alias, of] : kAliases) {
    if (alias == name) name = of;
  }
  for (std::span<const SqlFunction> family : Families()) {
    for (const SqlFunction& function : family) {
      if (function.name == name) return &function;
    }
  }
  return nullptr;
}

std::vector<std::string> SqlFunctionNames() {
  std::vector<std::string> out;
  for (std::span<const SqlFunction> family : Families()) {
    for (const SqlFunction& function : family) out.emplace_back(function.name);
  }
  for (const auto& [alias, of] : kAliases) out.emplace_back(alias);
  return out;
}

arrow::Status DoesNotTake(std::string_view function, const Typed& value) {
  return InvalidInput("function '", function, "' does not take a value of type ",
                      TypeName(*value.type));
}

arrow::Result<Typed> TextArgumentOf(Typed value, std::string_view function, bool convert) {
  if (IsText(*value.type)) return value;
  if (value.type->id() == arrow::Type::NA) return NullOf(arrow::utf8());
  if (!convert || IsNested(*value.type)) return DoesNotTake(function, value);
  return CastTo(std::move(value), arrow::utf8());
}

arrow::Result<Typed> IntegerArgumentOf(Typed value, std::string_view function) {
  if (!arrow::is_integer(value.type->id()) && value.type->id() != arrow::Type::NA) {
    return DoesNotTake(function, value);
  }
  return CastTo(std::move(value), arrow::int64());
}

arrow::Result<TypedVector> SameTextType(TypedVector values) {
  TypePointer type = arrow::utf8();
  for (const Typed& value : values) {
    if (value.type->id() == arrow::Type::LARGE_STRING) type = value.type;
  }
  for (Typed& value : values) {
    if (!IsText(*value.type)) continue;
    ARROW_ASSIGN_OR_RAISE(value, CastTo(std::move(value), type));
  }
  return values;
}

}  // namespace lancea
