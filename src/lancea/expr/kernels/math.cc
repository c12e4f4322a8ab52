// Functions of one or two floats, and of integers with integers. Outside of what a function is defined
// for, floats give NaN and integers an error.
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <numeric>

#include "arrow/array/builder_primitive.h"
#include "arrow/compute/registry.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/scalar_function.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::compute::ArrayKernelExec;
using arrow::compute::ExecResult;
using arrow::compute::ExecSpan;
using arrow::compute::KernelContext;

constexpr double kDegrees = 180.0 / std::numbers::pi;

// The answer for each row where all arguments are valid: answer = f(row).
template <typename OutType, typename Valid, typename Function>
arrow::Status ForEachRow(KernelContext* context, const ExecSpan& batch, ExecResult* out,
                         Valid valid, Function function) {
  arrow::NumericBuilder<OutType> builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (valid(row)) {
      builder.UnsafeAppend(function(row));
    } else {
      builder.UnsafeAppendNull();
    }
  }
  return FinishInto(&builder, out);
}

// Rounded correctly, which the library's own for doubles is not.
double CubeRoot(double x) { return static_cast<double>(std::cbrt(static_cast<long double>(x))); }

template <auto function>
arrow::Status RunUnary(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  auto run = [&](auto type) {
    using Type = decltype(type);
    using T = typename Type::c_type;
    const NumberArgument<T> x(batch[0]);
    return ForEachRow<Type>(
        context, batch, out, [&](int64_t row) { return x.valid(row); },
        [&](int64_t row) { return static_cast<T>(function(x[row])); });
  };
  if (batch[0].type()->id() == arrow::Type::FLOAT) return run(arrow::FloatType());
  return run(arrow::DoubleType());
}

template <auto function>
arrow::Status RunBinary(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  auto run = [&](auto type) {
    using Type = decltype(type);
    using T = typename Type::c_type;
    const NumberArgument<T> x(batch[0]);
    const NumberArgument<T> y(batch[1]);
    return ForEachRow<Type>(
        context, batch, out, [&](int64_t row) { return x.valid(row) && y.valid(row); },
        [&](int64_t row) { return static_cast<T>(function(x[row], y[row])); });
  };
  if (batch[0].type()->id() == arrow::Type::FLOAT) return run(arrow::FloatType());
  return run(arrow::DoubleType());
}

// round(x, digits) and trunc(x, digits); digits is int64.
template <auto function>
arrow::Status RunDigits(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const NumberArgument<int64_t> digits(batch[1]);
  auto run = [&](auto type) {
    using Type = decltype(type);
    using T = typename Type::c_type;
    const NumberArgument<T> x(batch[0]);
    return ForEachRow<Type>(
        context, batch, out, [&](int64_t row) { return x.valid(row) && digits.valid(row); },
        [&](int64_t row) {
          const T factor = static_cast<T>(std::pow(T{10}, static_cast<T>(digits[row])));
          if (digits[row] == 0) return static_cast<T>(function(x[row]));
          return static_cast<T>(function(x[row] * factor) / factor);
        });
  };
  if (batch[0].type()->id() == arrow::Type::FLOAT) return run(arrow::FloatType());
  return run(arrow::DoubleType());
}

arrow::Status RunPower(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const NumberArgument<double> x(batch[0]);
  const NumberArgument<double> y(batch[1]);
  arrow::DoubleBuilder builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!x.valid(row) || !y.valid(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    if (x[row] == 0 && y[row] < 0) {
      return InvalidInput("zero raised to a negative power is undefined");
    }
    builder.UnsafeAppend(std::pow(x[row], y[row]));
  }
  return FinishInto(&builder, out);
}

// The second where the first is NaN; only then its nulls count.
arrow::Status RunNanvl(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  auto run = [&](auto type) {
    using Type = decltype(type);
    using T = typename Type::c_type;
    const NumberArgument<T> x(batch[0]);
    const NumberArgument<T> y(batch[1]);
    return ForEachRow<Type>(
        context, batch, out,
        [&](int64_t row) { return x.valid(row) && (!std::isnan(x[row]) || y.valid(row)); },
        [&](int64_t row) { return std::isnan(x[row]) ? y[row] : x[row]; });
  };
  if (batch[0].type()->id() == arrow::Type::FLOAT) return run(arrow::FloatType());
  return run(arrow::DoubleType());
}

using Checked = arrow::Result<int64_t> (*)(int64_t, int64_t);

uint64_t Magnitude(int64_t x) {
  return x < 0 ? ~static_cast<uint64_t>(x) + 1 : static_cast<uint64_t>(x);
}

arrow::Result<int64_t> AsSigned(uint64_t number, const char* what, int64_t x, int64_t y) {
  if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return InvalidInput("integer overflow in ", what, "(", x, ", ", y, ")");
  }
  return static_cast<int64_t>(number);
}

arrow::Result<int64_t> GreatestCommonDivisor(int64_t x, int64_t y) {
  return AsSigned(std::gcd(Magnitude(x), Magnitude(y)), "gcd", x, y);
}

arrow::Result<int64_t> LeastCommonMultiple(int64_t x, int64_t y) {
  if (x == 0 || y == 0) return 0;
  const uint64_t a = Magnitude(x);
  const uint64_t b = Magnitude(y);
  uint64_t product = 0;
  if (__builtin_mul_overflow(a / std::gcd(a, b), b, &product)) {
    return InvalidInput("integer overflow in lcm(", x, ", ", y, ")");
  }
  return AsSigned(product, "lcm", x, y);
}

arrow::Result<int64_t> Factorial(int64_t x, int64_t) {
  if (x > 20) return InvalidInput("integer overflow in factorial(", x, ")");
  int64_t product = 1;
  for (int64_t i = 2; i <= x; ++i) product *= i;
  return product;
}

template <Checked function>
arrow::Status RunIntegers(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const NumberArgument<int64_t> x(batch[0]);
  const NumberArgument<int64_t> y(batch[static_cast<int>(batch.values.size()) - 1]);
  arrow::Int64Builder builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!x.valid(row) || !y.valid(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(int64_t answer, function(x[row], y[row]));
    builder.UnsafeAppend(answer);
  }
  return FinishInto(&builder, out);
}

// The processor makes negative NaNs, which total order puts before all numbers. The reference gives them
// for logarithms of float32, and positive ones of double.
float Logarithm(float, float logarithm) { return logarithm; }
double Logarithm(double x, double logarithm) {
  return x < 0 ? std::numeric_limits<double>::quiet_NaN() : logarithm;
}

double SignOf(double x) { return std::isnan(x) ? x : x > 0 ? 1 : x < 0 ? -1 : 0; }

struct Named {
  const char* name;
  ArrayKernelExec run;
};

}  // namespace

arrow::Status AddMath(arrow::compute::FunctionRegistry* registry) {
  // In double also for float columns, then rounded: as exact as can be.
  static const Named unary[] = {
      {"lancea_sqrt", RunUnary<[](double x) { return std::sqrt(x); }>},
      {"lancea_cbrt", RunUnary<CubeRoot>},
      {"lancea_exp", RunUnary<[](double x) { return std::exp(x); }>},
      {"lancea_ln", RunUnary<[](auto x) { return Logarithm(x, std::log(x)); }>},
      {"lancea_log2", RunUnary<[](auto x) { return Logarithm(x, std::log2(x)); }>},
      {"lancea_log10", RunUnary<[](auto x) { return Logarithm(x, std::log10(x)); }>},
      {"lancea_sin", RunUnary<[](double x) { return std::sin(x); }>},
      {"lancea_cos", RunUnary<[](double x) { return std::cos(x); }>},
      {"lancea_tan", RunUnary<[](double x) { return std::tan(x); }>},
      {"lancea_cot", RunUnary<[](double x) { return 1.0 / std::tan(x); }>},
      {"lancea_asin", RunUnary<[](double x) { return std::asin(x); }>},
      {"lancea_acos", RunUnary<[](double x) { return std::acos(x); }>},
      {"lancea_atan", RunUnary<[](double x) { return std::atan(x); }>},
      {"lancea_sinh", RunUnary<[](double x) { return std::sinh(x); }>},
      {"lancea_cosh", RunUnary<[](double x) { return std::cosh(x); }>},
      {"lancea_tanh", RunUnary<[](double x) { return std::tanh(x); }>},
      {"lancea_asinh", RunUnary<[](double x) { return std::asinh(x); }>},
      {"lancea_acosh", RunUnary<[](double x) { return std::acosh(x); }>},
      {"lancea_atanh", RunUnary<[](double x) { return std::atanh(x); }>},
      {"lancea_degrees", RunUnary<[](double x) { return x * kDegrees; }>},
      {"lancea_radians", RunUnary<[](double x) { return x / kDegrees; }>},
      {"lancea_floor", RunUnary<[](double x) { return std::floor(x); }>},
      {"lancea_ceil", RunUnary<[](double x) { return std::ceil(x); }>},
      {"lancea_signum", RunUnary<[](double x) { return SignOf(x); }>},
  };
  for (const Named& function : unary) {
    ARROW_RETURN_NOT_OK(
        AddFunction(registry, {.name = function.name, .type = SameAs(0), .run = function.run}));
  }
  static const Named binary[] = {
      {"lancea_atan2", RunBinary<[](double x, double y) { return std::atan2(x, y); }>},
      {"lancea_log", RunBinary<[](double base, double x) { return std::log(x) / std::log(base); }>},
      {"lancea_nanvl", RunNanvl},
      {"lancea_round", RunDigits<[](auto x) { return std::round(x); }>},
      {"lancea_trunc", RunDigits<[](auto x) { return x == 0 ? decltype(x){0} : std::trunc(x); }>},
      {"lancea_power", RunPower},
      {"lancea_gcd", RunIntegers<GreatestCommonDivisor>},
      {"lancea_lcm", RunIntegers<LeastCommonMultiple>},
  };
  for (const Named& function : binary) {
    ARROW_RETURN_NOT_OK(AddFunction(
        registry,
        {.name = function.name, .type = SameAs(0), .run = function.run, .num_arguments = 2}));
  }
  return AddFunction(
      registry, {.name = "lancea_factorial", .type = SameAs(0), .run = RunIntegers<Factorial>});
}

}  // namespace lancea
