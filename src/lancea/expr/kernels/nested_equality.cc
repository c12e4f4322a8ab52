// Whether two lists or structs are equal: values and nulls at every level, floats by their bits.
#include "arrow/array/builder_primitive.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/same_value.h"
#include "lancea/expr/kernels/scalar_function.h"

namespace lancea {
namespace {

arrow::Status Run(arrow::compute::KernelContext* context, const arrow::compute::ExecSpan& batch,
                  arrow::compute::ExecResult* out) {
  int64_t left_stride = 0;
  int64_t right_stride = 0;
  ARROW_ASSIGN_OR_RAISE(auto left, ArgumentArray(batch[0], &left_stride));
  ARROW_ASSIGN_OR_RAISE(auto right, ArgumentArray(batch[1], &right_stride));
  const SameValue same(*left, *right);
  arrow::BooleanBuilder builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (left->IsNull(row * left_stride) || right->IsNull(row * right_stride)) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(same(row * left_stride, row * right_stride));
    }
  }
  return FinishInto(&builder, out);
}

}  // namespace

arrow::Status AddNestedEquality(arrow::compute::FunctionRegistry* registry) {
  return AddFunction(registry, {.name = "lancea_equal_nested",
                                .type = Always(arrow::boolean()),
                                .run = Run,
                                .num_arguments = 2});
}

}  // namespace lancea
