#include "lancea/expr/typed.h"

#include <algorithm>

#include "arrow/array/util.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/exec.h"
#include "arrow/compute/function.h"
#include "arrow/compute/registry.h"
#include "lancea/expr/kernels/cast.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::compute::Expression;

arrow::Result<Typed> Evaluate(const Expression& expression) {
  static const arrow::Schema kNoColumns(arrow::FieldVector{});
  ARROW_ASSIGN_OR_RAISE(Expression bound, expression.Bind(kNoColumns));
  ARROW_ASSIGN_OR_RAISE(arrow::Datum answer,
                        arrow::compute::ExecuteScalarExpression(
                            bound, arrow::compute::ExecBatch(std::vector<arrow::Datum>{}, 1)));
  if (answer.is_scalar()) return LiteralOf(answer.scalar());
  ARROW_ASSIGN_OR_RAISE(auto scalar, answer.make_array()->GetScalar(0));
  return LiteralOf(std::move(scalar));
}

// Conversions that lose nothing and that Arrow does best.
bool Widens(const arrow::DataType& from, const arrow::DataType& to) {
  if (arrow::is_integer(from.id()) && arrow::is_integer(to.id())) {
    const bool from_signed = arrow::is_signed_integer(from.id());
    const bool to_signed = arrow::is_signed_integer(to.id());
    if (from_signed == to_signed) return from.bit_width() < to.bit_width();
    return !from_signed && from.bit_width() < to.bit_width();
  }
  if (arrow::is_integer(from.id())) {
    return to.id() == arrow::Type::FLOAT || to.id() == arrow::Type::DOUBLE;
  }
  if (from.id() == arrow::Type::FLOAT) return to.id() == arrow::Type::DOUBLE;
  return from.id() == arrow::Type::STRING && to.id() == arrow::Type::LARGE_STRING;
}

}  // namespace

Typed LiteralOf(std::shared_ptr<arrow::Scalar> value) {
  TypePointer type = value->type;
  return {arrow::compute::literal(arrow::Datum(std::move(value))), std::move(type)};
}

Typed NullOf(TypePointer type) { return LiteralOf(arrow::MakeNullScalar(std::move(type))); }
Typed BooleanOf(bool value) { return LiteralOf(std::make_shared<arrow::BooleanScalar>(value)); }
Typed TextOf(std::string text) {
  return LiteralOf(std::make_shared<arrow::StringScalar>(std::move(text)));
}
Typed IntegerOf(int64_t number) { return LiteralOf(std::make_shared<arrow::Int64Scalar>(number)); }

arrow::Result<Typed> CallOf(std::string function, std::vector<Typed> arguments, TypePointer type,
                            std::shared_ptr<arrow::compute::FunctionOptions> options) {
  ARROW_RETURN_NOT_OK(RequireFunction(function));
  std::vector<Expression> expressions;
  bool constant = !arguments.empty();
  for (Typed& argument : arguments) {
    constant = constant && argument.literal() != nullptr;
    expressions.push_back(std::move(argument.expression));
  }
  if (constant) {
    ARROW_ASSIGN_OR_RAISE(auto found, arrow::compute::GetFunctionRegistry()->GetFunction(function));
    constant = found->is_pure();
  }
  Expression call =
      arrow::compute::call(std::move(function), std::move(expressions), std::move(options));
  if (!constant) return Typed{std::move(call), std::move(type)};
  auto evaluated = Evaluate(call);
  // Arrow's own errors say InvalidInput here: the caller's expression is at fault.
  if (!evaluated.ok()) return InvalidInput(evaluated.status().message());
  return evaluated;
}

arrow::Result<Typed> CastTo(Typed value, const TypePointer& to, bool or_null) {
  if (value.type->Equals(*to)) return value;
  if (value.is_null_literal()) return NullOf(to);
  if (!CanCast(*value.type, *to)) {
    return InvalidInput("cannot convert ", TypeName(*value.type), " to ", TypeName(*to));
  }
  if (value.literal() == nullptr && Widens(*value.type, *to)) {
    // Integers beyond 2^53 become the nearest float.
    auto options = arrow::compute::CastOptions::Safe(to);
    options.allow_float_truncate = true;
    return CallOf("cast", {std::move(value)}, to,
                  std::make_shared<arrow::compute::CastOptions>(std::move(options)));
  }
  return CallOf(or_null ? "lancea_try_cast" : "lancea_cast", {std::move(value), NullOf(to)}, to);
}

std::string TypeName(const arrow::DataType& type) { return type.ToString(); }

bool IsText(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING;
}

bool IsBytes(const arrow::DataType& type) {
  return type.id() == arrow::Type::BINARY || type.id() == arrow::Type::LARGE_BINARY ||
         type.id() == arrow::Type::FIXED_SIZE_BINARY;
}

bool IsNumber(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
         arrow::is_decimal(type.id());
}

bool IsList(const arrow::DataType& type) {
  return type.id() == arrow::Type::LIST || type.id() == arrow::Type::LARGE_LIST ||
         type.id() == arrow::Type::FIXED_SIZE_LIST;
}

bool IsNested(const arrow::DataType& type) { return arrow::is_nested(type.id()); }

}  // namespace lancea
