// Regular expressions.
#include "lancea/expr/sql_functions.h"

namespace lancea {
namespace {

arrow::Result<Typed> Bind(TypedVector values, const char* function, const TypePointer& type) {
  for (Typed& value : values) {
    ARROW_ASSIGN_OR_RAISE(value, TextArgumentOf(std::move(value), function + 7));
  }
  ARROW_ASSIGN_OR_RAISE(values, SameTextType(std::move(values)));
  const TypePointer text = values[0].type;
  return CallOf(function, std::move(values), type != nullptr ? type : text);
}

arrow::Result<Typed> BindMatch(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(Typed text, TextArgumentOf(values[0], "regexp_match"));
  const TypePointer type = arrow::list(text.type);
  return Bind(std::move(values), "lancea_regexp_match", type);
}

constexpr SqlFunction kFunctions[] = {
    {"regexp_like", 2, 3,
     [](TypedVector values) {
       return Bind(std::move(values), "lancea_regexp_like", arrow::boolean());
     }},
    {"regexp_count", 2, 3,
     [](TypedVector values) {
       return Bind(std::move(values), "lancea_regexp_count", arrow::int64());
     }},
    {"regexp_match", 2, 3, BindMatch},
    {"regexp_replace", 3, 4,
     [](TypedVector values) { return Bind(std::move(values), "lancea_regexp_replace", nullptr); }},
};

}  // namespace

std::span<const SqlFunction> PatternFunctions() { return kFunctions; }

}  // namespace lancea
