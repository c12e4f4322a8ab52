// Literals and columns.
#include <charconv>
#include <cmath>

#include "arrow/array/builder_base.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/extension_type.h"
#include "lancea/expr/binder.h"
#include "lancea/expr/kernels/text_parse.h"
#include "lancea/expr/lexer.h"
#include "lancea/expr/literal_coercion.h"
#include "lancea/expr/operations.h"
#include "lancea/expr/sql_types.h"
#include "lancea/util/errors.h"
#include "lancea/util/jsonb_encode.h"

namespace lancea {
namespace {

bool IsJson(const std::string& type) { return type == "json" || type == "jsonb"; }

arrow::Result<Typed> JsonLiteral(const std::string& text) {
  std::string jsonb;
  ARROW_RETURN_NOT_OK(AppendJsonb(text, &jsonb));
  return LiteralOf(std::make_shared<arrow::LargeBinaryScalar>(std::move(jsonb)));
}

struct IntervalUnit {
  std::string_view name;
  int32_t months;
  int32_t days;
  int64_t nanoseconds;
};

constexpr IntervalUnit kIntervalUnits[] = {
    {"year", 12, 0, 0},
    {"month", 1, 0, 0},
    {"week", 0, 7, 0},
    {"day", 0, 1, 0},
    {"hour", 0, 0, 3'600'000'000'000},
    {"minute", 0, 0, 60'000'000'000},
    {"second", 0, 0, 1'000'000'000},
    {"millisecond", 0, 0, 1'000'000},
    {"microsecond", 0, 0, 1'000},
    {"nanosecond", 0, 0, 1},
};

}  // namespace

arrow::Result<Typed> Binder::BindNumber(const Ast& ast) {
  if (const auto whole = ParseInt64(ast.text)) return IntegerOf(*whole);
  if (const auto whole = ParseUint64(ast.text)) {
    return LiteralOf(std::make_shared<arrow::UInt64Scalar>(*whole));
  }
  const auto number = ParseDouble(ast.text);
  if (!number) return SqlError(sql_, ast.place, "'" + ast.text + "' is no number");
  return LiteralOf(std::make_shared<arrow::DoubleScalar>(*number));
}

arrow::Result<Typed> Binder::BindTyped(const Ast& ast) {
  if (IsJson(ast.type_name)) return JsonLiteral(ast.text);
  ARROW_ASSIGN_OR_RAISE(TypePointer type, TypeOfSqlName(ast.type_name));
  return CastTo(TextOf(ast.text), type);
}

// '1 day', '1 year 2 months', '-3' DAY
arrow::Result<Typed> Binder::BindInterval(const Ast& ast) {
  arrow::MonthDayNanoIntervalType::MonthDayNanos sum{0, 0, 0};
  std::string_view rest = ast.text;
  auto next_word = [&]() {
    const size_t begin = std::min(rest.find_first_not_of(' '), rest.size());
    rest.remove_prefix(begin);
    const size_t size = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, size);
    rest.remove_prefix(size);
    return word;
  };
  bool any = false;
  for (std::string_view word = next_word(); !word.empty(); word = next_word()) {
    const auto number = ParseDouble(word);
    std::string unit = ast.type_name.empty() ? LowerCase(next_word()) : ast.type_name;
    if (unit.size() > 1 && unit.ends_with('s')) unit.pop_back();
    const auto* known = std::find_if(std::begin(kIntervalUnits), std::end(kIntervalUnits),
                                     [&](const auto& other) { return other.name == unit; });
    const bool in_range = number && std::abs(*number) < 1e9;
    if (!in_range || known == std::end(kIntervalUnits)) {
      return InvalidInput("'", ast.text, "' is no interval; write '1 day' or '2 hours 30 minutes'");
    }
    if (known->nanoseconds == 0 && *number != std::trunc(*number)) {
      return InvalidInput("an interval has whole years, months and days");
    }
    sum.months += static_cast<int32_t>(*number) * known->months;
    sum.days += static_cast<int32_t>(*number) * known->days;
    sum.nanoseconds += static_cast<int64_t>(*number * static_cast<double>(known->nanoseconds));
    any = true;
  }
  if (!any) return InvalidInput("the interval is empty");
  return LiteralOf(std::make_shared<arrow::MonthDayNanoIntervalScalar>(sum));
}

arrow::Result<Typed> Binder::BindArray(const Ast& ast) {
  ARROW_ASSIGN_OR_RAISE(TypedVector elements, BindAll(ast));
  if (elements.empty()) {
    std::unique_ptr<arrow::ArrayBuilder> builder;
    ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::default_memory_pool(), arrow::null(), &builder));
    ARROW_ASSIGN_OR_RAISE(auto none, builder->Finish());
    return LiteralOf(std::make_shared<arrow::ListScalar>(std::move(none)));
  }
  for (size_t i = 1; i < elements.size(); ++i) {
    const bool texts = IsText(*elements[i].type) == IsText(*elements[0].type);
    const bool null =
        elements[i].type->id() == arrow::Type::NA || elements[0].type->id() == arrow::Type::NA;
    if (!texts && !null) {
      return SqlError(sql_, ast.children[i]->place,
                      "the elements of an array have one type: expected " +
                          TypeName(*elements[0].type) + ", got " + TypeName(*elements[i].type));
    }
  }
  ARROW_ASSIGN_OR_RAISE(elements, ToOneType(std::move(elements)));
  const TypePointer type = arrow::list(elements[0].type);
  return CallOf("lancea_make_array", std::move(elements), type);
}

arrow::Status Binder::NoSuchColumn(const std::string& name, TextSpan place) const {
  std::vector<std::string> names;
  std::string valid;
  for (const auto& field : schema_.fields()) {
    names.push_back(field->name());
    if (names.size() <= 50) valid += (valid.empty() ? "" : ", ") + field->name();
  }
  const std::string nearest = NearestName(name, names);
  return SqlError(sql_, place,
                  "No field named " + name + "." +
                      (nearest.empty() ? "" : " Did you mean " + nearest + "?") +
                      " Valid fields are " + valid + (names.size() > 50 ? ", …" : ""));
}

// What expressions see of a value inside a struct: storage of extension types, values of dictionaries.
arrow::Result<Typed> Binder::Seen(Typed value) {
  switch (value.type->id()) {
    case arrow::Type::DICTIONARY:
      return CastTo(std::move(value),
                    static_cast<const arrow::DictionaryType&>(*value.type).value_type());
    case arrow::Type::STRING_VIEW:
      return CastTo(std::move(value), arrow::large_utf8());
    case arrow::Type::BINARY_VIEW:
      return CastTo(std::move(value), arrow::large_binary());
    default:
      return value;
  }
}

arrow::Result<Typed> Binder::BindColumn(const Ast& ast) {
  const std::string& first = ast.path.front();
  std::shared_ptr<arrow::Field> found = schema_.GetFieldByName(first);
  if (found == nullptr && !ast.quoted) {
    for (const auto& field : schema_.fields()) {
      if (EqualInAnyCase(field->name(), first)) {
        found = field;
        break;
      }
    }
  }
  if (found == nullptr) return NoSuchColumn(first, ast.place);
  Typed value{arrow::compute::field_ref(arrow::FieldRef(found->name())), found->type()};
  std::vector<arrow::FieldRef> names = {arrow::FieldRef(found->name())};
  size_t next = 1;
  // Steps through structs are one reference, so that only what is inside need be read.
  for (; next < ast.path.size() && value.type->id() == arrow::Type::STRUCT; ++next) {
    const auto field =
        static_cast<const arrow::StructType&>(*value.type).GetFieldByName(ast.path[next]);
    if (field == nullptr) break;
    names.emplace_back(field->name());
    value = {arrow::compute::field_ref(arrow::FieldRef(names)), field->type()};
  }
  ARROW_ASSIGN_OR_RAISE(value, Seen(std::move(value)));
  for (; next < ast.path.size(); ++next) {
    ARROW_ASSIGN_OR_RAISE(value, FieldOf(std::move(value), ast.path[next], ast.place));
  }
  return value;
}

arrow::Result<Typed> Binder::FieldOf(Typed value, const std::string& name, TextSpan place) {
  if (value.type->id() != arrow::Type::STRUCT) {
    return SqlError(sql_, place,
                    "a value of type " + TypeName(*value.type) + " has no field " + name);
  }
  const auto& type = static_cast<const arrow::StructType&>(*value.type);
  const auto field = type.GetFieldByName(name);
  if (field == nullptr) {
    std::vector<std::string> names;
    for (const auto& other : type.fields()) names.push_back(other->name());
    const std::string nearest = NearestName(name, names);
    return SqlError(sql_, place,
                    "Field " + name + " not found in struct" +
                        (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
  }
  if (const arrow::FieldRef* ref = value.expression.field_ref()) {
    std::vector<arrow::FieldRef> names;
    if (const auto* nested = ref->nested_refs()) {
      names = *nested;
    } else {
      names.push_back(*ref);
    }
    names.emplace_back(name);
    return Seen({arrow::compute::field_ref(arrow::FieldRef(std::move(names))), field->type()});
  }
  ARROW_ASSIGN_OR_RAISE(
      Typed out,
      CallOf("struct_field", {std::move(value)}, field->type(),
             std::make_shared<arrow::compute::StructFieldOptions>(arrow::FieldRef(name))));
  return Seen(std::move(out));
}

}  // namespace lancea
