// Questions to lists: what is in them, how many, where.
//
// Elements are compared as SameValue does: null is found by null. A null list gives null.
#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/compute/registry.h"
#include "lancea/expr/kernels/cast.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/same_value.h"
#include "lancea/expr/kernels/scalar_function.h"

namespace lancea {
namespace {

using arrow::compute::ExecResult;
using arrow::compute::ExecSpan;
using arrow::compute::KernelContext;

// Index of the first element in [begin, begin + length) equal to value `index`, or -1.
int64_t Find(const SameValue& same, int64_t begin, int64_t length, int64_t index) {
  for (int64_t i = 0; i < length; ++i) {
    if (same(begin + i, index)) return i;
  }
  return -1;
}

// array_has(list, element)
arrow::Status RunHas(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  int64_t stride = 0;
  ARROW_ASSIGN_OR_RAISE(auto elements, ArgumentArray(batch[1], &stride));
  const SameValue same(*list.values(), *elements);
  arrow::BooleanBuilder builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!list.valid(row) || elements->IsNull(row * stride)) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(Find(same, list.begin(row), list.length(row), row * stride) >= 0);
    }
  }
  return FinishInto(&builder, out);
}

// array_has_any, array_has_all
template <bool all>
arrow::Status RunHasSet(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  ARROW_ASSIGN_OR_RAISE(auto wanted, ListArgument::Make(batch[1], batch.length));
  const SameValue same(*list.values(), *wanted.values());
  arrow::BooleanBuilder builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!list.valid(row) || !wanted.valid(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    bool answer = all;
    for (int64_t i = 0; i < wanted.length(row) && answer == all; ++i) {
      const bool found = Find(same, list.begin(row), list.length(row), wanted.begin(row) + i) >= 0;
      if (found != all) answer = !all;
    }
    builder.UnsafeAppend(answer);
  }
  return FinishInto(&builder, out);
}

arrow::Status RunLength(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  arrow::UInt64Builder builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (list.valid(row)) {
      builder.UnsafeAppend(static_cast<uint64_t>(list.length(row)));
    } else {
      builder.UnsafeAppendNull();
    }
  }
  return FinishInto(&builder, out);
}

// array_position(list, element): from 1, null when it is not there.
arrow::Status RunPosition(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  int64_t stride = 0;
  ARROW_ASSIGN_OR_RAISE(auto elements, ArgumentArray(batch[1], &stride));
  const SameValue same(*list.values(), *elements);
  arrow::UInt64Builder builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    const int64_t at =
        list.valid(row) ? Find(same, list.begin(row), list.length(row), row * stride) : -1;
    if (at >= 0) {
      builder.UnsafeAppend(static_cast<uint64_t>(at) + 1);
    } else {
      builder.UnsafeAppendNull();
    }
  }
  return FinishInto(&builder, out);
}

// list[index]: from 1, from the end when negative, null beyond either end.
arrow::Status RunElement(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  const NumberArgument<int64_t> index(batch[1]);
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(context->memory_pool(), list.values()->type(), &builder));
  const arrow::ArraySpan values(*list.values()->data());
  for (int64_t row = 0; row < batch.length; ++row) {
    int64_t at = -1;
    if (list.valid(row) && index.valid(row)) {
      at = index[row] > 0 ? index[row] - 1 : index[row] < 0 ? list.length(row) + index[row] : -1;
    }
    if (at >= 0 && at < list.length(row)) {
      ARROW_RETURN_NOT_OK(builder->AppendArraySlice(values, list.begin(row) + at, 1));
    } else {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
    }
  }
  return FinishInto(builder.get(), out);
}

// array_to_string(list, separator[, text for null])
arrow::Status RunToString(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  const TextArgument separator(batch[1]);
  const TextArgument null_text(batch[static_cast<int>(batch.values.size()) - 1]);
  const bool shows_nulls = batch.values.size() > 2;
  ARROW_ASSIGN_OR_RAISE(
      auto texts, CastArray(list.values(), arrow::large_utf8(), false, context->memory_pool()));
  const arrow::compute::ExecValue values(arrow::ArraySpan(*texts->data()));
  const TextArgument text(values);
  arrow::StringBuilder builder(context->memory_pool());
  std::string joined;
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!list.valid(row) || !separator.valid(row)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    joined.clear();
    bool first = true;
    for (int64_t i = 0; i < list.length(row); ++i) {
      const int64_t at = list.begin(row) + i;
      if (!text.valid(at) && !(shows_nulls && null_text.valid(row))) continue;
      if (!first) joined += separator[row];
      joined += text.valid(at) ? text[at] : null_text[row];
      first = false;
    }
    ARROW_RETURN_NOT_OK(builder.Append(joined));
  }
  return FinishInto(&builder, out);
}

arrow::Result<TypePointer> ElementType(const TypeVector& types) {
  if (!arrow::is_list_like(types[0].id())) {
    return arrow::Status::TypeError("expected a list, got ", types[0].ToString());
  }
  return static_cast<const arrow::BaseListType&>(*types[0].type).value_type();
}

}  // namespace

arrow::Status AddArrays(arrow::compute::FunctionRegistry* registry) {
  const RowFunction functions[] = {
      {.name = "lancea_array_has",
       .type = Always(arrow::boolean()),
       .run = RunHas,
       .num_arguments = 2},
      {.name = "lancea_array_has_any",
       .type = Always(arrow::boolean()),
       .run = RunHasSet<false>,
       .num_arguments = 2},
      {.name = "lancea_array_has_all",
       .type = Always(arrow::boolean()),
       .run = RunHasSet<true>,
       .num_arguments = 2},
      {.name = "lancea_array_length", .type = Always(arrow::uint64()), .run = RunLength},
      {.name = "lancea_array_position",
       .type = Always(arrow::uint64()),
       .run = RunPosition,
       .num_arguments = 2},
      {.name = "lancea_array_element", .type = ElementType, .run = RunElement, .num_arguments = 2},
      {.name = "lancea_array_to_string",
       .type = Always(arrow::utf8()),
       .run = RunToString,
       .num_arguments = 2,
       .varargs = true},
  };
  for (const RowFunction& function : functions) {
    ARROW_RETURN_NOT_OK(AddFunction(registry, function));
  }
  return arrow::Status::OK();
}

}  // namespace lancea
