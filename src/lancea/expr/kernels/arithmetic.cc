// Remainders and shifts, which Arrow lacks or does otherwise.
//
//   remainder   has the sign of the dividend; by integer zero an error, by float zero NaN
//   shifts      by the count modulo the width; right shifts keep the sign
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "arrow/array/builder_primitive.h"
#include "arrow/buffer.h"
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

// Remainders by one divisor from 1 to 2^32 - 1, without dividing where the dividend is as small.
// Source: Lemire, Kaser, Kurz, "Faster remainder by direct computation", 2019.
class Remainder {
 public:
  explicit Remainder(uint32_t divisor) : divisor_(divisor), inverse_(UINT64_MAX / divisor + 1) {}

  uint64_t Of(uint64_t number) const {
    if (number > UINT32_MAX) return number % divisor_;
    return static_cast<uint64_t>(static_cast<Wide>(inverse_ * number) * divisor_ >> 64);
  }

 private:
  using Wide = unsigned __int128;
  uint64_t divisor_;
  uint64_t inverse_;  // 2^64 / divisor, rounded up; 0 for 1
};

// Whether `right` is one divisor for all rows that Remainder can do.
template <typename T>
bool HasFastRemainder(const NumberArgument<T>& right) {
  return right.is_constant() && right.valid(0) && right[0] > T{0} &&
         static_cast<uint64_t>(right[0]) <= UINT32_MAX;
}

template <typename T>
arrow::Status RunRemainder(KernelContext* context, const ExecSpan& batch, T divisor,
                           ExecResult* out) {
  const arrow::ArraySpan& left = batch[0].array;
  const Remainder remainder(static_cast<uint32_t>(divisor));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(batch.length * static_cast<int64_t>(sizeof(T)),
                                              context->memory_pool()));
  const T* const from = left.GetValues<T>(1);
  T* const to = buffer->mutable_data_as<T>();
  for (int64_t row = 0; row < batch.length; ++row) {
    const T number = from[row];
    if (std::is_signed_v<T> && number < T{0}) {
      // Negated as unsigned: the least number has no positive one.
      const uint64_t answer = remainder.Of(uint64_t{0} - static_cast<uint64_t>(number));
      to[row] = static_cast<T>(-static_cast<int64_t>(answer));
    } else {
      to[row] = static_cast<T>(remainder.Of(static_cast<uint64_t>(number)));
    }
  }
  out->value = arrow::ArrayData::Make(left.type->GetSharedPtr(), batch.length,
                                      {nullptr, std::move(buffer)}, 0);
  return arrow::Status::OK();
}

template <typename Operation, typename Type>
arrow::Status RunTyped(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  using T = typename Type::c_type;
  const NumberArgument<T> left(batch[0]);
  const NumberArgument<T> right(batch[1]);
  if constexpr (std::is_same_v<Operation, Modulo> && std::is_integral_v<T>) {
    if (batch[0].is_array() && !batch[0].array.MayHaveNulls() && HasFastRemainder(right)) {
      return RunRemainder<T>(context, batch, right[0], out);
    }
  }
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
