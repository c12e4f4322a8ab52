// Remainders and shifts, which Arrow lacks or does otherwise.
//
//   remainder   has the sign of the dividend; by integer zero an error, by float zero NaN
//   shifts      by the count modulo the width; right shifts keep the sign
#include <cmath>
#include <limits>
#include <type_traits>

#include "arrow/array/builder_primitive.h"
#include "arrow/compute/registry.h"
#include "arrow/util/float16.h"
#include "lancea/expr/kernels/number_types.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/scalar_function.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::compute::ExecResult;
using arrow::compute::ExecSpan;
using arrow::compute::KernelContext;

struct Modulo {
  template <typename T>
  static arrow::Status Apply(T left, T right, T* out) {
    if constexpr (std::is_floating_point_v<T>) {
      *out = std::fmod(left, right);
    } else {
      if (right == 0) return InvalidInput("Divide by zero error");
      // The remainder by -1 is 0; the processor would trap for the least number.
      *out =
          right == static_cast<T>(-1) && std::is_signed_v<T> ? T{0} : static_cast<T>(left % right);
    }
    return arrow::Status::OK();
  }
};

template <bool left_shift>
struct Shift {
  template <typename T>
  static arrow::Status Apply(T number, T count, T* out) {
    if constexpr (std::is_integral_v<T>) {
      using Unsigned = std::make_unsigned_t<T>;
      const auto by = static_cast<unsigned>(static_cast<Unsigned>(count) & (sizeof(T) * 8 - 1));
      *out = left_shift ? static_cast<T>(static_cast<Unsigned>(number) << by)
                        : static_cast<T>(number >> by);
      return arrow::Status::OK();
    } else {
      return arrow::Status::TypeError("floats cannot be shifted");
    }
  }
};

template <typename Operation, typename Type>
arrow::Status RunTyped(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  using T = typename Type::c_type;
  const NumberArgument<T> left(batch[0]);
  const NumberArgument<T> right(batch[1]);
  arrow::NumericBuilder<Type> builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!left.valid(row) || !right.valid(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    T answer{};
    ARROW_RETURN_NOT_OK(Operation::template Apply<T>(left[row], right[row], &answer));
    builder.UnsafeAppend(answer);
  }
  return FinishInto(&builder, out);
}

template <typename Operation>
arrow::Status Run(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  return VisitNumberType(*batch[0].type(), [&](auto type) {
    return RunTyped<Operation, decltype(type)>(context, batch, out);
  });
}

}  // namespace

arrow::Status AddArithmetic(arrow::compute::FunctionRegistry* registry) {
  const std::pair<const char*, arrow::compute::ArrayKernelExec> functions[] = {
      {"lancea_modulo", Run<Modulo>},
      {"lancea_shift_left", Run<Shift<true>>},
      {"lancea_shift_right", Run<Shift<false>>},
  };
  for (const auto& [name, run] : functions) {
    ARROW_RETURN_NOT_OK(
        AddFunction(registry, {.name = name, .type = SameAs(0), .run = run, .num_arguments = 2}));
  }
  return arrow::Status::OK();
}

}  // namespace lancea
