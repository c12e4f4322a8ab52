// Functions of values of any type: choices among them, their types, structs of them.
#include "arrow/compute/api_scalar.h"
#include "lancea/expr/arrow_type_names.h"
#include "lancea/expr/lexer.h"
#include "lancea/expr/operations.h"
#include "lancea/expr/sql_functions.h"
#include "lancea/expr/sql_types.h"
#include "lancea/expr/type_coercion.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

arrow::Result<Typed> NullIf(TypedVector values) {
  const TypePointer type = ComparisonType(values[0].type, values[1].type);
  if (type == nullptr) return DoesNotTake("nullif", values[1]);
  ARROW_ASSIGN_OR_RAISE(values[0], CastTo(std::move(values[0]), type));
  ARROW_ASSIGN_OR_RAISE(Typed equal, Compare(Comparison::kEqual, values[0], std::move(values[1])));
  ARROW_ASSIGN_OR_RAISE(equal, IsTruth(std::move(equal), true, false));
  return CallOf("if_else", {std::move(equal), NullOf(type), std::move(values[0])}, type);
}

arrow::Result<Typed> IfNotNull(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(Typed valid, IsNull(std::move(values[0]), true));
  return Case({std::move(valid)}, {std::move(values[1])}, std::move(values[2]));
}

// Nulls do not count; NaN is the greatest float.
template <Comparison comparison>
arrow::Result<Typed> Extreme(TypedVector values) {
  TypePointer type = values[0].type;
  for (const Typed& value : values) {
    const TypePointer next = ComparisonType(type, value.type);
    if (next == nullptr) {
      return InvalidInput("values of types ", TypeName(*type), " and ", TypeName(*value.type),
                          " have no common type");
    }
    type = next;
  }
  Typed out = NullOf(type);
  for (Typed& value : values) {
    ARROW_ASSIGN_OR_RAISE(value, CastTo(std::move(value), type));
    if (out.is_null_literal()) {
      out = std::move(value);
      continue;
    }
    // Where one is null, whether that is the other one.
    ARROW_ASSIGN_OR_RAISE(Typed first, Compare(comparison, out, value));
    ARROW_ASSIGN_OR_RAISE(Typed null, IsNull(value, false));
    ARROW_ASSIGN_OR_RAISE(
        first, CallOf("coalesce", {std::move(first), std::move(null)}, arrow::boolean()));
    ARROW_ASSIGN_OR_RAISE(
        out, CallOf("if_else", {std::move(first), std::move(out), std::move(value)}, type));
  }
  return out;
}

arrow::Result<Typed> IsValid(TypedVector values) { return IsNull(std::move(values[0]), true); }

arrow::Result<Typed> TypeOf(TypedVector values) { return TextOf(values[0].type->ToString()); }

arrow::Result<std::string> ConstantText(const Typed& value, const char* what) {
  if (value.literal() == nullptr || !value.literal()->is_valid || !IsText(*value.type)) {
    return InvalidInput(what, " must be a string literal");
  }
  return std::string(static_cast<const arrow::BaseBinaryScalar&>(*value.literal()).view());
}

template <bool or_null>
arrow::Result<Typed> ArrowCast(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(const std::string name, ConstantText(values[1], "the type of arrow_cast"));
  auto named = TypeOfArrowName(name);
  if (!named.ok()) {
    // Then as SQL names types, which are no names of Arrow's.
    auto sql = TypeOfSqlName(LowerCase(name));
    if (!sql.ok()) return named.status();
    named = std::move(sql);
  }
  ARROW_ASSIGN_OR_RAISE(const TypePointer type, std::move(named));
  return CastTo(std::move(values[0]), type, or_null);
}

arrow::Result<Typed> StructOf(TypedVector values, std::vector<std::string> names) {
  arrow::FieldVector fields;
  for (size_t i = 0; i < values.size(); ++i) {
    fields.push_back(arrow::field(names[i], values[i].type));
  }
  return CallOf("make_struct", std::move(values), arrow::struct_(std::move(fields)),
                std::make_shared<arrow::compute::MakeStructOptions>(std::move(names)));
}

arrow::Result<Typed> NamedStruct(TypedVector values) {
  if (values.size() % 2 != 0) {
    return InvalidInput("named_struct takes names and values in turn");
  }
  TypedVector fields;
  std::vector<std::string> names;
  for (size_t i = 0; i < values.size(); i += 2) {
    ARROW_ASSIGN_OR_RAISE(std::string name, ConstantText(values[i], "the name of a field"));
    names.push_back(std::move(name));
    fields.push_back(std::move(values[i + 1]));
  }
  return StructOf(std::move(fields), std::move(names));
}

arrow::Result<Typed> PlainStruct(TypedVector values) {
  std::vector<std::string> names;
  for (size_t i = 0; i < values.size(); ++i)
    names.push_back(std::string("c").append(std::to_string(i)));
  return StructOf(std::move(values), std::move(names));
}

arrow::Result<Typed> GetField(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(std::string name, ConstantText(values[1], "the name of a field"));
  const TypePointer type = values[0].type;
  if (type->id() != arrow::Type::STRUCT) return DoesNotTake("get_field", values[0]);
  const auto field = static_cast<const arrow::StructType&>(*type).GetFieldByName(name);
  if (field == nullptr) return InvalidInput("Field ", name, " not found in ", TypeName(*type));
  return CallOf("struct_field", {std::move(values[0])}, field->type(),
                std::make_shared<arrow::compute::StructFieldOptions>(arrow::FieldRef(name)));
}

constexpr SqlFunction kFunctions[] = {
    {"coalesce", 1, kAnyNumber, Coalesce},
    {"nvl", 2, 2, Coalesce},
    {"nvl2", 3, 3, IfNotNull},
    {"nullif", 2, 2, NullIf},
    {"greatest", 1, kAnyNumber, Extreme<Comparison::kGreaterEqual>},
    {"least", 1, kAnyNumber, Extreme<Comparison::kLessEqual>},
    {"is_valid", 1, 1, IsValid},
    {"arrow_typeof", 1, 1, TypeOf},
    {"arrow_cast", 2, 2, ArrowCast<false>},
    {"arrow_try_cast", 2, 2, ArrowCast<true>},
    {"named_struct", 2, kAnyNumber, NamedStruct},
    {"struct", 1, kAnyNumber, PlainStruct},
    {"get_field", 2, 2, GetField},
};

}  // namespace

std::span<const SqlFunction> ValueFunctions() { return kFunctions; }

}  // namespace lancea
