#include "lancea/expr/guard.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace lancea {
namespace {

using arrow::compute::Expression;

// Checked functions of Arrow end so; ours are these.
constexpr std::array<std::string_view, 24> kMayFail = {"lancea_modulo",
                                                       "lancea_decimal_add",
                                                       "lancea_decimal_subtract",
                                                       "lancea_decimal_multiply",
                                                       "lancea_decimal_divide",
                                                       "lancea_decimal_modulo",
                                                       "lancea_cast",
                                                       "lancea_power",
                                                       "lancea_gcd",
                                                       "lancea_lcm",
                                                       "lancea_factorial",
                                                       "lancea_substr",
                                                       "lancea_lpad",
                                                       "lancea_rpad",
                                                       "lancea_repeat",
                                                       "lancea_split_part",
                                                       "lancea_chr",
                                                       "lancea_make_date",
                                                       "lancea_json_get_string",
                                                       "lancea_json_get_int",
                                                       "lancea_json_get_float",
                                                       "lancea_json_get_bool",
                                                       "lancea_json_from_text",
                                                       "divide"};

Expression Guard(const Expression& expression, const Expression& condition) {
  const Expression::Call* call = expression.call();
  if (call == nullptr) return expression;
  std::vector<Expression> arguments;
  const bool may_fail = MayFail(call->function_name);
  for (const Expression& argument : call->arguments) {
    Expression guarded = Guard(argument, condition);
    if (may_fail && guarded.literal() == nullptr) {
      guarded = arrow::compute::call(
          "if_else", {condition, std::move(guarded),
                      arrow::compute::literal(std::make_shared<arrow::NullScalar>())});
    }
    arguments.push_back(std::move(guarded));
  }
  return arrow::compute::call(call->function_name, std::move(arguments), call->options);
}

}  // namespace

bool MayFail(const std::string& function) {
  return function.ends_with("_checked") ||
         std::find(kMayFail.begin(), kMayFail.end(), function) != kMayFail.end();
}

Typed Guarded(Typed value, const Typed& condition) {
  value.expression = Guard(value.expression, condition.expression);
  return value;
}

}  // namespace lancea
