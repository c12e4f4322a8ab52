#include "lancea/expr/kernels/register.h"

#include "arrow/compute/exec.h"
#include "arrow/compute/initialize.h"
#include "arrow/compute/registry.h"

namespace lancea {

arrow::Status RegisterFunctions() {
  static const arrow::Status status = [] {
    ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
    arrow::compute::FunctionRegistry* registry = arrow::compute::GetFunctionRegistry();
    for (auto add : {AddTotalOrder, AddNestedEquality, AddArithmetic, AddDecimals, AddMath,
                     AddCasts, AddTexts, AddTextCase, AddTextSearch, AddPatterns, AddArrays,
                     AddArrayChanges, AddArraySets, AddDates, AddJson}) {
      ARROW_RETURN_NOT_OK(add(registry));
    }
    return arrow::Status::OK();
  }();
  return status;
}

}  // namespace lancea
