#include "lancea/expr/kernels/register.h"

#include <iterator>
#include <mutex>

#include "arrow/compute/exec.h"
#include "arrow/compute/initialize.h"
#include "arrow/compute/registry.h"

namespace lancea {
namespace {

// Those that filters need most come first.
constexpr arrow::Status (*kFamilies[])(arrow::compute::FunctionRegistry*) = {
    AddTotalOrder, AddTexts,          AddTextSearch, AddCasts,        AddArithmetic,
    AddMath,       AddDates,          AddArrays,     AddPatterns,     AddTextCase,
    AddDecimals,   AddNestedEquality, AddJson,       AddArrayChanges, AddArraySets};

// Families are added in order until the registry has `name`; nullptr: all of them.
arrow::Status AddFamiliesUntil(const std::string* name) {
  static std::mutex mutex;
  static size_t num_added = 0;  // guarded by mutex, as Arrow's registry is of the process
  arrow::compute::FunctionRegistry* const registry = arrow::compute::GetFunctionRegistry();
  std::lock_guard lock(mutex);
  while (num_added < std::size(kFamilies)) {
    if (name != nullptr && registry->GetFunction(*name).ok()) break;
    ARROW_RETURN_NOT_OK(kFamilies[num_added](registry));
    ++num_added;
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Status RegisterFunctions() {
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  return AddFamiliesUntil(nullptr);
}

arrow::Status RequireFunction(const std::string& name) {
  return name.starts_with("lancea_") ? AddFamiliesUntil(&name) : arrow::Status::OK();
}

}  // namespace lancea
