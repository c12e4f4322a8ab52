// Functions of numbers.
#include <numbers>

#include "lancea/expr/operations.h"
#include "lancea/expr/sql_functions.h"

namespace lancea {
namespace {

// float32 stays, all other numbers become float64.
arrow::Result<Typed> AsFloat(Typed value, std::string_view function) {
  if (value.type->id() == arrow::Type::NA) return NullOf(arrow::float64());
  if (!IsNumber(*value.type)) return DoesNotTake(function, value);
  const bool narrow =
      value.type->id() == arrow::Type::FLOAT || value.type->id() == arrow::Type::HALF_FLOAT;
  return CastTo(std::move(value), narrow ? arrow::float32() : arrow::float64());
}

constexpr char kSqrt[] = "lancea_sqrt", kCbrt[] = "lancea_cbrt", kExp[] = "lancea_exp",
               kLn[] = "lancea_ln", kLog2[] = "lancea_log2", kLog10[] = "lancea_log10",
               kSin[] = "lancea_sin", kCos[] = "lancea_cos", kTan[] = "lancea_tan",
               kCot[] = "lancea_cot", kAsin[] = "lancea_asin", kAcos[] = "lancea_acos",
               kAtan[] = "lancea_atan", kSinh[] = "lancea_sinh", kCosh[] = "lancea_cosh",
               kTanh[] = "lancea_tanh", kAsinh[] = "lancea_asinh", kAcosh[] = "lancea_acosh",
               kAtanh[] = "lancea_atanh", kDegrees[] = "lancea_degrees",
               kRadians[] = "lancea_radians", kFloor[] = "lancea_floor", kCeil[] = "lancea_ceil",
               kSignum[] = "lancea_signum", kRound[] = "lancea_round", kTrunc[] = "lancea_trunc",
               kAtan2[] = "lancea_atan2", kNanvl[] = "lancea_nanvl", kGcd[] = "lancea_gcd",
               kLcm[] = "lancea_lcm";

template <const char* function>
arrow::Result<Typed> Unary(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(Typed value, AsFloat(std::move(values[0]), function + 7));
  const TypePointer type = value.type;
  return CallOf(function, {std::move(value)}, type);
}

template <const char* function>
arrow::Result<Typed> Binary(TypedVector values) {
  for (Typed& value : values) {
    ARROW_ASSIGN_OR_RAISE(value, AsFloat(std::move(value), function + 7));
  }
  ARROW_ASSIGN_OR_RAISE(values, ToOneType(std::move(values)));
  const TypePointer type = values[0].type;
  return CallOf(function, std::move(values), type);
}

// The second argument, 0 when left out, counts digits.
template <const char* function>
arrow::Result<Typed> Digits(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(Typed value, AsFloat(std::move(values[0]), function + 7));
  Typed digits = IntegerOf(0);
  if (values.size() > 1) {
    ARROW_ASSIGN_OR_RAISE(digits, IntegerArgumentOf(std::move(values[1]), function + 7));
  }
  const TypePointer type = value.type;
  return CallOf(function, {std::move(value), std::move(digits)}, type);
}

template <const char* function>
arrow::Result<Typed> Integers(TypedVector values) {
  for (Typed& value : values) {
    ARROW_ASSIGN_OR_RAISE(value, IntegerArgumentOf(std::move(value), function + 7));
  }
  return CallOf(function, std::move(values), arrow::int64());
}

arrow::Result<Typed> Factorial(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(Typed value, IntegerArgumentOf(std::move(values[0]), "factorial"));
  return CallOf("lancea_factorial", {std::move(value)}, arrow::int64());
}

arrow::Result<Typed> Power(TypedVector values) {
  for (Typed& value : values) {
    ARROW_ASSIGN_OR_RAISE(value, AsFloat(std::move(value), "power"));
    ARROW_ASSIGN_OR_RAISE(value, CastTo(std::move(value), arrow::float64()));
  }
  return CallOf("lancea_power", std::move(values), arrow::float64());
}

// log(x) to base 10, log(base, x)
arrow::Result<Typed> Log(TypedVector values) {
  if (values.size() == 1) return Unary<kLog10>(std::move(values));
  for (Typed& value : values) {
    ARROW_ASSIGN_OR_RAISE(value, AsFloat(std::move(value), "log"));
    ARROW_ASSIGN_OR_RAISE(value, CastTo(std::move(value), arrow::float64()));
  }
  return CallOf("lancea_log", std::move(values), arrow::float64());
}

arrow::Result<Typed> Abs(TypedVector values) {
  Typed value = std::move(values[0]);
  if (value.type->id() == arrow::Type::NA) return NullOf(arrow::float64());
  if (!IsNumber(*value.type)) return DoesNotTake("abs", value);
  const TypePointer type = value.type;
  if (type->id() == arrow::Type::HALF_FLOAT) {
    ARROW_ASSIGN_OR_RAISE(value, CastTo(std::move(value), arrow::float32()));
    ARROW_ASSIGN_OR_RAISE(value, CallOf("abs", {std::move(value)}, arrow::float32()));
    return CastTo(std::move(value), type);
  }
  return CallOf(arrow::is_integer(type->id()) ? "abs_checked" : "abs", {std::move(value)}, type);
}

arrow::Result<Typed> IsNan(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(Typed value, AsFloat(std::move(values[0]), "isnan"));
  return CallOf("is_nan", {std::move(value)}, arrow::boolean());
}

arrow::Result<Typed> IsZero(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(Typed value, AsFloat(std::move(values[0]), "iszero"));
  return Compare(Comparison::kEqual, std::move(value), IntegerOf(0));
}

arrow::Result<Typed> Pi(TypedVector) {
  return LiteralOf(std::make_shared<arrow::DoubleScalar>(std::numbers::pi));
}

constexpr SqlFunction kFunctions[] = {
    {"abs", 1, 1, Abs},
    {"sqrt", 1, 1, Unary<kSqrt>},
    {"cbrt", 1, 1, Unary<kCbrt>},
    {"exp", 1, 1, Unary<kExp>},
    {"ln", 1, 1, Unary<kLn>},
    {"log", 1, 2, Log},
    {"log2", 1, 1, Unary<kLog2>},
    {"log10", 1, 1, Unary<kLog10>},
    {"sin", 1, 1, Unary<kSin>},
    {"cos", 1, 1, Unary<kCos>},
    {"tan", 1, 1, Unary<kTan>},
    {"cot", 1, 1, Unary<kCot>},
    {"asin", 1, 1, Unary<kAsin>},
    {"acos", 1, 1, Unary<kAcos>},
    {"atan", 1, 1, Unary<kAtan>},
    {"sinh", 1, 1, Unary<kSinh>},
    {"cosh", 1, 1, Unary<kCosh>},
    {"tanh", 1, 1, Unary<kTanh>},
    {"asinh", 1, 1, Unary<kAsinh>},
    {"acosh", 1, 1, Unary<kAcosh>},
    {"atanh", 1, 1, Unary<kAtanh>},
    {"atan2", 2, 2, Binary<kAtan2>},
    {"degrees", 1, 1, Unary<kDegrees>},
    {"radians", 1, 1, Unary<kRadians>},
    {"floor", 1, 1, Unary<kFloor>},
    {"ceil", 1, 1, Unary<kCeil>},
    {"round", 1, 2, Digits<kRound>},
    {"trunc", 1, 2, Digits<kTrunc>},
    {"signum", 1, 1, Unary<kSignum>},
    {"power", 2, 2, Power},
    {"gcd", 2, 2, Integers<kGcd>},
    {"lcm", 2, 2, Integers<kLcm>},
    {"factorial", 1, 1, Factorial},
    {"isnan", 1, 1, IsNan},
    {"iszero", 1, 1, IsZero},
    {"nanvl", 2, 2, Binary<kNanvl>},
    {"pi", 0, 0, Pi},
};

}  // namespace

std::span<const SqlFunction> MathFunctions() { return kFunctions; }

}  // namespace lancea
