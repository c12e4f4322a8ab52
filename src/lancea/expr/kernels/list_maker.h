// Lists built element by element out of other lists' elements.
#pragma once

#include <memory>
#include <utility>

#include "arrow/array/builder_nested.h"
#include "arrow/array/util.h"
#include "arrow/result.h"
#include "arrow/type.h"
#include "lancea/expr/kernels/scalar_function.h"

namespace lancea {

/// list<element> for any kind of list.
inline arrow::Result<TypePointer> ListOfElements(const TypeVector& types) {
  if (!arrow::is_list_like(types[0].id())) {
    return arrow::Status::TypeError("expected a list, got ", types[0].ToString());
  }
  return arrow::list(static_cast<const arrow::BaseListType&>(*types[0].type).value_type());
}

inline arrow::Result<TypePointer> ElementOfList(const TypeVector& types) {
  ARROW_ASSIGN_OR_RAISE(TypePointer list, ListOfElements(types));
  return static_cast<const arrow::ListType&>(*list).value_type();
}

class ListMaker {
 public:
  static arrow::Result<ListMaker> Make(const TypePointer& element, arrow::MemoryPool* pool) {
    ListMaker out;
    std::unique_ptr<arrow::ArrayBuilder> values;
    ARROW_RETURN_NOT_OK(arrow::MakeBuilder(pool, element, &values));
    out.values_ = std::move(values);
    out.lists_ = std::make_unique<arrow::ListBuilder>(pool, out.values_, arrow::list(element));
    return out;
  }
  arrow::Status Begin() { return lists_->Append(); }
  arrow::Status Null() { return lists_->AppendNull(); }
  arrow::Status Add(const arrow::ArraySpan& values, int64_t begin, int64_t length) {
    return values_->AppendArraySlice(values, begin, length);
  }
  arrow::Status Finish(arrow::compute::ExecResult* out) { return FinishInto(lists_.get(), out); }

 private:
  std::shared_ptr<arrow::ArrayBuilder> values_;
  std::unique_ptr<arrow::ListBuilder> lists_;
};

}  // namespace lancea
