// Lists as sets, and lists without or with other elements. Elements are equal as SameValue says: null equals
// null.
#include <algorithm>
#include <limits>
#include <vector>

#include "arrow/array/array_nested.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/compute/registry.h"
#include "lancea/expr/kernels/list_maker.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/same_value.h"
#include "lancea/expr/kernels/scalar_function.h"

namespace lancea {
namespace {

using arrow::compute::ExecResult;
using arrow::compute::ExecSpan;
using arrow::compute::KernelContext;

// How many of the equal elements are meant: the argument at `index`, or all.
class Times {
 public:
  Times(const ExecSpan& batch, size_t index) {
    if (batch.values.size() > index) count_.emplace_back(batch[static_cast<int>(index)]);
  }
  bool valid(int64_t row) const { return count_.empty() || count_[0].valid(row); }
  int64_t operator[](int64_t row) const {
    return count_.empty() ? std::numeric_limits<int64_t>::max() : count_[0][row];
  }

 private:
  std::vector<NumberArgument<int64_t>> count_;  // one or none
};

// array_remove(list, element, times)
arrow::Status RunRemove(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  int64_t stride = 0;
  ARROW_ASSIGN_OR_RAISE(auto removed, ArgumentArray(batch[1], &stride));
  const Times times(batch, 2);
  const SameValue same(*list.values(), *removed);
  ARROW_ASSIGN_OR_RAISE(auto maker, ListMaker::Make(list.values()->type(), context->memory_pool()));
  const arrow::ArraySpan values(*list.values()->data());
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!list.valid(row) || removed->IsNull(row * stride) || !times.valid(row)) {
      ARROW_RETURN_NOT_OK(maker.Null());
      continue;
    }
    ARROW_RETURN_NOT_OK(maker.Begin());
    int64_t left = times[row];
    for (int64_t i = list.begin(row); i < list.begin(row) + list.length(row); ++i) {
      if (left > 0 && same(i, row * stride)) {
        --left;
      } else {
        ARROW_RETURN_NOT_OK(maker.Add(values, i, 1));
      }
    }
  }
  return maker.Finish(out);
}

// array_replace(list, from, to, times)
arrow::Status RunReplace(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  int64_t from_stride = 0, to_stride = 0;
  ARROW_ASSIGN_OR_RAISE(auto from, ArgumentArray(batch[1], &from_stride));
  ARROW_ASSIGN_OR_RAISE(auto to, ArgumentArray(batch[2], &to_stride));
  const Times times(batch, 3);
  const SameValue same(*list.values(), *from);
  ARROW_ASSIGN_OR_RAISE(auto maker, ListMaker::Make(list.values()->type(), context->memory_pool()));
  const arrow::ArraySpan values(*list.values()->data());
  const arrow::ArraySpan replacements(*to->data());
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!list.valid(row) || !times.valid(row)) {
      ARROW_RETURN_NOT_OK(maker.Null());
      continue;
    }
    ARROW_RETURN_NOT_OK(maker.Begin());
    int64_t left = times[row];
    for (int64_t i = list.begin(row); i < list.begin(row) + list.length(row); ++i) {
      if (left > 0 && same(i, row * from_stride)) {
        --left;
        ARROW_RETURN_NOT_OK(maker.Add(replacements, row * to_stride, 1));
      } else {
        ARROW_RETURN_NOT_OK(maker.Add(values, i, 1));
      }
    }
  }
  return maker.Finish(out);
}

enum class SetOperation { kUnion, kIntersect, kExcept };

// The distinct elements of both lists, of both at once, or of the first only; in the order met.
template <SetOperation operation>
arrow::Status RunSet(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto left, ListArgument::Make(batch[0], batch.length));
  ARROW_ASSIGN_OR_RAISE(auto right, ListArgument::Make(batch[1], batch.length));
  const SameValue same_left(*left.values(), *left.values());
  const SameValue same_right(*right.values(), *right.values());
  const SameValue same(*left.values(), *right.values());
  ARROW_ASSIGN_OR_RAISE(auto maker, ListMaker::Make(left.values()->type(), context->memory_pool()));
  const arrow::ArraySpan left_values(*left.values()->data());
  const arrow::ArraySpan right_values(*right.values()->data());
  std::vector<int64_t> kept, added;
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!left.valid(row) || !right.valid(row)) {
      ARROW_RETURN_NOT_OK(maker.Null());
      continue;
    }
    const int64_t begin = right.begin(row), end = begin + right.length(row);
    auto in_right = [&](int64_t i) {
      for (int64_t k = begin; k < end; ++k) {
        if (same(i, k)) return true;
      }
      return false;
    };
    ARROW_RETURN_NOT_OK(maker.Begin());
    kept.clear();
    for (int64_t i = left.begin(row); i < left.begin(row) + left.length(row); ++i) {
      if (operation != SetOperation::kUnion &&
          in_right(i) != (operation == SetOperation::kIntersect)) {
        continue;
      }
      if (std::ranges::any_of(kept, [&](int64_t k) { return same_left(k, i); })) continue;
      kept.push_back(i);
      ARROW_RETURN_NOT_OK(maker.Add(left_values, i, 1));
    }
    if (operation != SetOperation::kUnion) continue;
    added.clear();
    for (int64_t i = begin; i < end; ++i) {
      if (std::ranges::any_of(kept, [&](int64_t k) { return same(k, i); })) continue;
      if (std::ranges::any_of(added, [&](int64_t k) { return same_right(k, i); })) continue;
      added.push_back(i);
      ARROW_RETURN_NOT_OK(maker.Add(right_values, i, 1));
    }
  }
  return maker.Finish(out);
}

// array_positions(list, element): all of them, from 1.
arrow::Status RunPositions(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  int64_t stride = 0;
  ARROW_ASSIGN_OR_RAISE(auto wanted, ArgumentArray(batch[1], &stride));
  const SameValue same(*list.values(), *wanted);
  auto positions = std::make_shared<arrow::UInt64Builder>(context->memory_pool());
  arrow::ListBuilder lists(context->memory_pool(), positions);
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!list.valid(row)) {
      ARROW_RETURN_NOT_OK(lists.AppendNull());
      continue;
    }
    ARROW_RETURN_NOT_OK(lists.Append());
    for (int64_t i = 0; i < list.length(row); ++i) {
      if (!same(list.begin(row) + i, row * stride)) continue;
      ARROW_RETURN_NOT_OK(positions->Append(static_cast<uint64_t>(i) + 1));
    }
  }
  return FinishInto(&lists, out);
}

// array_pop_front and array_pop_back.
template <bool front>
arrow::Status RunPop(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  ARROW_ASSIGN_OR_RAISE(auto maker, ListMaker::Make(list.values()->type(), context->memory_pool()));
  const arrow::ArraySpan values(*list.values()->data());
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!list.valid(row)) {
      ARROW_RETURN_NOT_OK(maker.Null());
      continue;
    }
    ARROW_RETURN_NOT_OK(maker.Begin());
    const int64_t left = list.length(row) - 1;
    if (left > 0) ARROW_RETURN_NOT_OK(maker.Add(values, list.begin(row) + (front ? 1 : 0), left));
  }
  return maker.Finish(out);
}

// array_any_value(list): the first that is not null.
arrow::Status RunAnyValue(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(context->memory_pool(), list.values()->type(), &builder));
  const arrow::ArraySpan values(*list.values()->data());
  for (int64_t row = 0; row < batch.length; ++row) {
    int64_t i = list.valid(row) ? list.begin(row) : 0;
    const int64_t end = list.valid(row) ? i + list.length(row) : 0;
    while (i < end && list.values()->IsNull(i)) ++i;
    ARROW_RETURN_NOT_OK(i < end ? builder->AppendArraySlice(values, i, 1) : builder->AppendNull());
  }
  return FinishInto(builder.get(), out);
}

// flatten(list of lists): null lists inside are passed over.
arrow::Status RunFlatten(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  arrow::compute::ExecValue inner_value;
  inner_value.SetArray(*list.values()->data());
  ARROW_ASSIGN_OR_RAISE(auto inner, ListArgument::Make(inner_value, list.values()->length()));
  ARROW_ASSIGN_OR_RAISE(auto maker,
                        ListMaker::Make(inner.values()->type(), context->memory_pool()));
  const arrow::ArraySpan values(*inner.values()->data());
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!list.valid(row)) {
      ARROW_RETURN_NOT_OK(maker.Null());
      continue;
    }
    ARROW_RETURN_NOT_OK(maker.Begin());
    for (int64_t i = list.begin(row); i < list.begin(row) + list.length(row); ++i) {
      if (inner.valid(i)) {
        ARROW_RETURN_NOT_OK(maker.Add(values, inner.begin(i), inner.length(i)));
      }
    }
  }
  return maker.Finish(out);
}

}  // namespace

arrow::Status AddArraySets(arrow::compute::FunctionRegistry* registry) {
  const RowFunction functions[] = {
      {.name = "lancea_array_remove",
       .type = ListOfElements,
       .run = RunRemove,
       .num_arguments = 2,
       .varargs = true},
      {.name = "lancea_array_replace",
       .type = ListOfElements,
       .run = RunReplace,
       .num_arguments = 3,
       .varargs = true},
      {.name = "lancea_array_union",
       .type = ListOfElements,
       .run = RunSet<SetOperation::kUnion>,
       .num_arguments = 2},
      {.name = "lancea_array_intersect",
       .type = ListOfElements,
       .run = RunSet<SetOperation::kIntersect>,
       .num_arguments = 2},
      {.name = "lancea_array_except",
       .type = ListOfElements,
       .run = RunSet<SetOperation::kExcept>,
       .num_arguments = 2},
      {.name = "lancea_array_positions",
       .type = Always(arrow::list(arrow::uint64())),
       .run = RunPositions,
       .num_arguments = 2},
      {.name = "lancea_array_pop_front", .type = ListOfElements, .run = RunPop<true>},
      {.name = "lancea_array_pop_back", .type = ListOfElements, .run = RunPop<false>},
      {.name = "lancea_array_any_value", .type = ElementOfList, .run = RunAnyValue},
      {.name = "lancea_flatten",
       .type = [](const TypeVector& types) -> arrow::Result<TypePointer> {
         ARROW_ASSIGN_OR_RAISE(TypePointer inner, ElementOfList(types));
         return ListOfElements({inner});
       },
       .run = RunFlatten},
  };
  for (const RowFunction& function : functions) {
    ARROW_RETURN_NOT_OK(AddFunction(registry, function));
  }
  return arrow::Status::OK();
}

}  // namespace lancea
