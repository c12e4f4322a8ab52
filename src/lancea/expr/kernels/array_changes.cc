// Lists made of lists: parts, joins, orders; and the least and greatest element.
#include <algorithm>
#include <bit>
#include <numeric>

#include "arrow/array/array_binary.h"
#include "arrow/array/array_primitive.h"
#include "arrow/array/builder_nested.h"
#include "arrow/array/util.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/registry.h"
#include "lancea/expr/kernels/list_maker.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/same_value.h"
#include "lancea/expr/kernels/scalar_function.h"

namespace lancea {
namespace {

using ArrayPointer = std::shared_ptr<arrow::Array>;
using arrow::compute::ExecResult;
using arrow::compute::ExecSpan;
using arrow::compute::KernelContext;

// array_slice(list, first, last): both from 1 and included, from the end when negative.
arrow::Status RunSlice(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  const NumberArgument<int64_t> first(batch[1]);
  const NumberArgument<int64_t> last(batch[2]);
  ARROW_ASSIGN_OR_RAISE(auto maker, ListMaker::Make(list.values()->type(), context->memory_pool()));
  const arrow::ArraySpan values(*list.values()->data());
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!list.valid(row) || !first.valid(row) || !last.valid(row)) {
      ARROW_RETURN_NOT_OK(maker.Null());
      continue;
    }
    const int64_t length = list.length(row);
    const int64_t from =
        std::max<int64_t>(first[row] < 0 ? length + first[row] : first[row] - 1, 0);
    const int64_t to =
        std::min<int64_t>(last[row] < 0 ? length + last[row] + 1 : last[row], length);
    ARROW_RETURN_NOT_OK(maker.Begin());
    if (from < to) ARROW_RETURN_NOT_OK(maker.Add(values, list.begin(row) + from, to - from));
  }
  return maker.Finish(out);
}

// array_append(list, element) and array_prepend(element, list); a null list counts as empty.
template <bool append>
arrow::Status RunAdd(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  int64_t stride = 0;
  ARROW_ASSIGN_OR_RAISE(auto elements, ArgumentArray(batch[1], &stride));
  ARROW_ASSIGN_OR_RAISE(auto maker, ListMaker::Make(list.values()->type(), context->memory_pool()));
  const arrow::ArraySpan values(*list.values()->data());
  const arrow::ArraySpan added(*elements->data());
  for (int64_t row = 0; row < batch.length; ++row) {
    ARROW_RETURN_NOT_OK(maker.Begin());
    if (!append) ARROW_RETURN_NOT_OK(maker.Add(added, row * stride, 1));
    if (list.valid(row)) {
      ARROW_RETURN_NOT_OK(maker.Add(values, list.begin(row), list.length(row)));
    }
    if (append) ARROW_RETURN_NOT_OK(maker.Add(added, row * stride, 1));
  }
  return maker.Finish(out);
}

// array_concat(list, …): null only when all are.
arrow::Status RunConcat(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  std::vector<ListArgument> lists;
  for (const auto& value : batch.values) {
    ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(value, batch.length));
    lists.push_back(std::move(list));
  }
  ARROW_ASSIGN_OR_RAISE(auto maker,
                        ListMaker::Make(lists[0].values()->type(), context->memory_pool()));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (std::none_of(lists.begin(), lists.end(), [&](auto& list) { return list.valid(row); })) {
      ARROW_RETURN_NOT_OK(maker.Null());
      continue;
    }
    ARROW_RETURN_NOT_OK(maker.Begin());
    for (const ListArgument& list : lists) {
      if (!list.valid(row)) continue;
      const arrow::ArraySpan values(*list.values()->data());
      ARROW_RETURN_NOT_OK(maker.Add(values, list.begin(row), list.length(row)));
    }
  }
  return maker.Finish(out);
}

// make_array(element, …)
arrow::Status RunMake(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  std::vector<ArrayPointer> elements(batch.values.size());
  std::vector<int64_t> strides(batch.values.size());
  for (size_t i = 0; i < elements.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(elements[i], ArgumentArray(batch[static_cast<int>(i)], &strides[i]));
  }
  ARROW_ASSIGN_OR_RAISE(auto maker, ListMaker::Make(elements[0]->type(), context->memory_pool()));
  for (int64_t row = 0; row < batch.length; ++row) {
    ARROW_RETURN_NOT_OK(maker.Begin());
    for (size_t i = 0; i < elements.size(); ++i) {
      ARROW_RETURN_NOT_OK(maker.Add(arrow::ArraySpan(*elements[i]->data()), row * strides[i], 1));
    }
  }
  return maker.Finish(out);
}

// How a list's elements are put into another order, or left out: indices of those to keep.
using Reorder = arrow::Status (*)(const ArrayPointer& elements, std::vector<int64_t>* kept);

arrow::Status Reverse(const ArrayPointer& elements, std::vector<int64_t>* kept) {
  for (int64_t i = elements->length(); i-- > 0;) kept->push_back(i);
  return arrow::Status::OK();
}

// The first of equal ones stays.
arrow::Status Distinct(const ArrayPointer& elements, std::vector<int64_t>* kept) {
  const SameValue same(*elements, *elements);
  for (int64_t i = 0; i < elements->length(); ++i) {
    if (std::none_of(kept->begin(), kept->end(), [&](int64_t k) { return same(k, i); })) {
      kept->push_back(i);
    }
  }
  return arrow::Status::OK();
}

arrow::Status Sort(const ArrayPointer& elements, std::vector<int64_t>* kept) {
  const arrow::compute::ArraySortOptions options(arrow::compute::SortOrder::Ascending,
                                                 arrow::compute::NullPlacement::AtStart);
  ARROW_ASSIGN_OR_RAISE(auto order, arrow::compute::SortIndices(*elements, options));
  const auto& indices = static_cast<const arrow::UInt64Array&>(*order);
  // Arrow keeps NaNs beside nulls; as numbers they are the greatest.
  std::vector<int64_t> not_numbers;
  for (int64_t i = 0; i < indices.length(); ++i) {
    const auto index = static_cast<int64_t>(indices.Value(i));
    bool is_nan = false;
    if (elements->IsValid(index)) {
      if (elements->type_id() == arrow::Type::DOUBLE) {
        const double x = static_cast<const arrow::DoubleArray&>(*elements).Value(index);
        is_nan = x != x;
      } else if (elements->type_id() == arrow::Type::FLOAT) {
        const float x = static_cast<const arrow::FloatArray&>(*elements).Value(index);
        is_nan = x != x;
      }
    }
    (is_nan ? not_numbers : *kept).push_back(index);
  }
  kept->insert(kept->end(), not_numbers.begin(), not_numbers.end());
  return arrow::Status::OK();
}

template <Reorder reorder>
arrow::Status RunReorder(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  ARROW_ASSIGN_OR_RAISE(auto maker, ListMaker::Make(list.values()->type(), context->memory_pool()));
  const arrow::ArraySpan values(*list.values()->data());
  std::vector<int64_t> kept;
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!list.valid(row)) {
      ARROW_RETURN_NOT_OK(maker.Null());
      continue;
    }
    kept.clear();
    const int64_t begin = list.begin(row);
    ARROW_RETURN_NOT_OK(reorder(list.values()->Slice(begin, list.length(row)), &kept));
    ARROW_RETURN_NOT_OK(maker.Begin());
    for (int64_t i : kept) ARROW_RETURN_NOT_OK(maker.Add(values, begin + i, 1));
  }
  return maker.Finish(out);
}

template <bool greatest>
arrow::Status RunExtreme(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  ARROW_ASSIGN_OR_RAISE(auto list, ListArgument::Make(batch[0], batch.length));
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(context->memory_pool(), list.values()->type(), &builder));
  const arrow::ArraySpan values(*list.values()->data());
  std::vector<int64_t> order;
  for (int64_t row = 0; row < batch.length; ++row) {
    order.clear();
    const int64_t begin = list.begin(row);
    if (list.valid(row)) {
      const auto elements = list.values()->Slice(begin, list.length(row));
      ARROW_RETURN_NOT_OK(Sort(elements, &order));
      std::erase_if(order, [&](int64_t i) { return elements->IsNull(i); });
    }
    if (order.empty()) {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(
          builder->AppendArraySlice(values, begin + (greatest ? order.back() : order.front()), 1));
    }
  }
  return FinishInto(builder.get(), out);
}

}  // namespace

arrow::Status AddArrayChanges(arrow::compute::FunctionRegistry* registry) {
  const RowFunction functions[] = {
      {.name = "lancea_array_slice", .type = ListOfElements, .run = RunSlice, .num_arguments = 3},
      {.name = "lancea_array_append",
       .type = ListOfElements,
       .run = RunAdd<true>,
       .num_arguments = 2},
      {.name = "lancea_array_prepend",
       .type = ListOfElements,
       .run = RunAdd<false>,
       .num_arguments = 2},
      {.name = "lancea_array_concat", .type = ListOfElements, .run = RunConcat, .varargs = true},
      {.name = "lancea_make_array",
       .type = [](const TypeVector& types) -> arrow::Result<TypePointer> {
         return arrow::list(types[0].GetSharedPtr());
       },
       .run = RunMake,
       .varargs = true},
      {.name = "lancea_array_reverse", .type = ListOfElements, .run = RunReorder<Reverse>},
      {.name = "lancea_array_distinct", .type = ListOfElements, .run = RunReorder<Distinct>},
      {.name = "lancea_array_sort", .type = ListOfElements, .run = RunReorder<Sort>},
      {.name = "lancea_array_max", .type = ElementOfList, .run = RunExtreme<true>},
      {.name = "lancea_array_min", .type = ElementOfList, .run = RunExtreme<false>},
  };
  for (const RowFunction& function : functions) {
    ARROW_RETURN_NOT_OK(AddFunction(registry, function));
  }
  return arrow::Status::OK();
}

}  // namespace lancea
