// Arithmetic on numbers and times, bits, and || of text.
#include "lancea/expr/kernels/decimal_types.h"
#include "lancea/expr/operations.h"
#include "lancea/expr/type_coercion.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

struct Operator {
  char symbol;
  const char* integers;
  const char* floats;
  const char* decimals;
  DecimalOperation decimal_operation;
};

// Arrow's unchecked functions wrap integers around.
constexpr Operator kOperators[] = {
    {'+', "add", "add", "lancea_decimal_add", DecimalOperation::kAdd},
    {'-', "subtract", "subtract", "lancea_decimal_subtract", DecimalOperation::kSubtract},
    {'*', "multiply", "multiply", "lancea_decimal_multiply", DecimalOperation::kMultiply},
    {'/', "divide_checked", "divide", "lancea_decimal_divide", DecimalOperation::kDivide},
    {'%', "lancea_modulo", "lancea_modulo", "lancea_decimal_modulo", DecimalOperation::kModulo},
};

arrow::Status CannotCalculate(std::string_view symbol, const Typed& left, const Typed& right) {
  return InvalidInput("cannot calculate ", TypeName(*left.type), " ", symbol, " ",
                      TypeName(*right.type));
}

bool IsDate(const Typed& value) { return value.type->id() == arrow::Type::DATE32; }
bool IsTimestamp(const Typed& value) { return value.type->id() == arrow::Type::TIMESTAMP; }
bool IsInterval(const Typed& value) {
  return value.type->id() == arrow::Type::INTERVAL_MONTH_DAY_NANO;
}
bool IsDuration(const Typed& value) { return value.type->id() == arrow::Type::DURATION; }

arrow::Result<Typed> TimeArithmetic(std::string_view symbol, Typed left, Typed right) {
  const bool plus = symbol == "+";
  if (!plus && symbol != "-") return CannotCalculate(symbol, left, right);
  if (plus && (IsInterval(left) || IsDuration(left)) && !IsDuration(right)) std::swap(left, right);
  if ((IsDate(left) || IsTimestamp(left)) && IsInterval(right)) {
    const TypePointer type = left.type;
    return CallOf(plus ? "lancea_add_interval" : "lancea_subtract_interval",
                  {std::move(left), std::move(right)}, type);
  }
  if (plus && arrow::is_integer(left.type->id())) std::swap(left, right);
  if (IsDate(left) && arrow::is_integer(right.type->id())) {
    for (Typed* days : {&left, &right}) {
      ARROW_ASSIGN_OR_RAISE(*days, CastTo(std::move(*days), arrow::int64()));
    }
    ARROW_ASSIGN_OR_RAISE(Typed days, CallOf(plus ? "add" : "subtract",
                                             {std::move(left), std::move(right)}, arrow::int64()));
    return CastTo(std::move(days), arrow::date32());
  }
  if (IsDate(left) && IsDate(right) && !plus) {
    // Days between them.
    for (Typed* date : {&left, &right}) {
      ARROW_ASSIGN_OR_RAISE(*date, CastTo(std::move(*date), arrow::int64()));
    }
    return CallOf("subtract", {std::move(left), std::move(right)}, arrow::int64());
  }
  const bool moments = (IsDate(left) || IsTimestamp(left)) && (IsDate(right) || IsTimestamp(right));
  const TypePointer type = ComparisonType(left.type, right.type);
  if (moments && !plus && type != nullptr) {
    ARROW_ASSIGN_OR_RAISE(left, CastTo(std::move(left), type));
    ARROW_ASSIGN_OR_RAISE(right, CastTo(std::move(right), type));
    return CallOf("subtract", {std::move(left), std::move(right)},
                  arrow::duration(static_cast<const arrow::TimestampType&>(*type).unit()));
  }
  if (IsTimestamp(left) && IsDuration(right)) {
    const auto unit = static_cast<const arrow::TimestampType&>(*left.type).unit();
    ARROW_ASSIGN_OR_RAISE(right, CastTo(std::move(right), arrow::duration(unit)));
    const TypePointer out = left.type;
    return CallOf(plus ? "add" : "subtract", {std::move(left), std::move(right)}, out);
  }
  if (IsDuration(left) && IsDuration(right)) {
    ARROW_ASSIGN_OR_RAISE(left, CastTo(std::move(left), type));
    ARROW_ASSIGN_OR_RAISE(right, CastTo(std::move(right), type));
    return CallOf(plus ? "add" : "subtract", {std::move(left), std::move(right)}, type);
  }
  return CannotCalculate(symbol, left, right);
}

}  // namespace

arrow::Result<Typed> Arithmetic(std::string_view symbol, Typed left, Typed right) {
  const bool times = arrow::is_temporal(left.type->id()) || arrow::is_temporal(right.type->id()) ||
                     IsInterval(left) || IsInterval(right);
  if (times) return TimeArithmetic(symbol, std::move(left), std::move(right));
  if (left.type->id() == arrow::Type::NA && right.type->id() == arrow::Type::NA) {
    return NullOf(arrow::int64());
  }
  const auto [left_type, right_type] = ArithmeticTypes(left.type, right.type);
  if (left_type == nullptr) return CannotCalculate(symbol, left, right);
  if (left.is_null_literal() || right.is_null_literal()) return NullOf(left_type);
  ARROW_ASSIGN_OR_RAISE(left, CastTo(std::move(left), left_type));
  ARROW_ASSIGN_OR_RAISE(right, CastTo(std::move(right), right_type));
  for (const Operator& operation : kOperators) {
    if (operation.symbol != symbol[0]) continue;
    if (arrow::is_decimal(left_type->id())) {
      ARROW_ASSIGN_OR_RAISE(TypePointer type, DecimalResultType(operation.decimal_operation,
                                                                *left_type, *right_type));
      return CallOf(operation.decimals, {std::move(left), std::move(right)}, type);
    }
    if (left_type->id() == arrow::Type::HALF_FLOAT) {
      // Arrow calculates with no halves: through float32 and back.
      ARROW_ASSIGN_OR_RAISE(left, CastTo(std::move(left), arrow::float32()));
      ARROW_ASSIGN_OR_RAISE(right, CastTo(std::move(right), arrow::float32()));
      ARROW_ASSIGN_OR_RAISE(Typed out, CallOf(operation.floats, {std::move(left), std::move(right)},
                                              arrow::float32()));
      return CastTo(std::move(out), arrow::float16());
    }
    const bool floats = arrow::is_floating(left_type->id());
    return CallOf(floats ? operation.floats : operation.integers,
                  {std::move(left), std::move(right)}, left_type);
  }
  return CannotCalculate(symbol, left, right);
}

arrow::Result<Typed> Bitwise(std::string_view symbol, Typed left, Typed right) {
  const TypePointer type = ComparisonType(left.type, right.type);
  if (type == nullptr || !arrow::is_integer(type->id())) {
    return CannotCalculate(symbol, left, right);
  }
  const char* name = symbol == "&"    ? "bit_wise_and"
                     : symbol == "|"  ? "bit_wise_or"
                     : symbol == "^"  ? "bit_wise_xor"
                     : symbol == "<<" ? "lancea_shift_left"
                                      : "lancea_shift_right";
  ARROW_ASSIGN_OR_RAISE(left, CastTo(std::move(left), type));
  ARROW_ASSIGN_OR_RAISE(right, CastTo(std::move(right), type));
  return CallOf(name, {std::move(left), std::move(right)}, type);
}

arrow::Result<Typed> Negate(Typed value) {
  const TypePointer type = value.type;
  if (type->id() == arrow::Type::HALF_FLOAT) {
    ARROW_ASSIGN_OR_RAISE(value, CastTo(std::move(value), arrow::float32()));
    ARROW_ASSIGN_OR_RAISE(value, Negate(std::move(value)));
    return CastTo(std::move(value), type);
  }
  const bool has_sign = arrow::is_signed_integer(type->id()) || arrow::is_floating(type->id()) ||
                        arrow::is_decimal(type->id()) || type->id() == arrow::Type::DURATION;
  if (!has_sign) return InvalidInput("a value of type ", TypeName(*type), " cannot be negated");
  return CallOf("negate", {std::move(value)}, type);
}

arrow::Result<Typed> Concatenate(Typed left, Typed right) {
  const bool bytes = IsBytes(*left.type) && IsBytes(*right.type);
  const bool lists = IsList(*left.type) && IsList(*right.type);
  const bool texts = IsText(*left.type) || IsText(*right.type);
  const bool mixed = IsBytes(*left.type) || IsBytes(*right.type);
  const TypePointer type = ComparisonType(left.type, right.type);
  if (lists && type != nullptr) {
    ARROW_ASSIGN_OR_RAISE(left, CastTo(std::move(left), type));
    ARROW_ASSIGN_OR_RAISE(right, CastTo(std::move(right), type));
    return CallOf("lancea_array_concat", {std::move(left), std::move(right)},
                  arrow::list(static_cast<const arrow::BaseListType&>(*type).value_type()));
  }
  if (!bytes && (!texts || mixed)) return CannotCalculate("||", left, right);
  const bool large =
      arrow::is_large_binary_like(left.type->id()) || arrow::is_large_binary_like(right.type->id());
  const TypePointer out = bytes ? (large ? arrow::large_binary() : arrow::binary())
                                : (large ? arrow::large_utf8() : arrow::utf8());
  ARROW_ASSIGN_OR_RAISE(left, CastTo(std::move(left), out));
  ARROW_ASSIGN_OR_RAISE(right, CastTo(std::move(right), out));
  if (!bytes) return CallOf("lancea_join", {std::move(left), std::move(right)}, out);
  return CallOf("binary_join_element_wise",
                {std::move(left), std::move(right),
                 LiteralOf(large ? std::static_pointer_cast<arrow::Scalar>(
                                       std::make_shared<arrow::LargeBinaryScalar>(""))
                                 : std::make_shared<arrow::BinaryScalar>(""))},
                out);
}

}  // namespace lancea
