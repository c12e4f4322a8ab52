// Our functions in Arrow's registry.
#pragma once

#include <string>

#include "arrow/status.h"

namespace arrow::compute {
class FunctionRegistry;
}

namespace lancea {

/// Add all functions of ours, and Arrow's own, to Arrow's registry. Thread-safe; the first call does it.
arrow::Status RegisterFunctions();

/// Have the function of this name in Arrow's registry, if it is one of ours: most filters need none, and all
/// of them take half a millisecond, which a process that opens a table and leaves would feel. Arrow's own
/// are to be initialized before. Thread-safe.
arrow::Status RequireFunction(const std::string& name);

// One function per family, in the file of its name.
arrow::Status AddTotalOrder(arrow::compute::FunctionRegistry* registry);
arrow::Status AddNestedEquality(arrow::compute::FunctionRegistry* registry);
arrow::Status AddArithmetic(arrow::compute::FunctionRegistry* registry);
arrow::Status AddDecimals(arrow::compute::FunctionRegistry* registry);
arrow::Status AddMath(arrow::compute::FunctionRegistry* registry);
arrow::Status AddCasts(arrow::compute::FunctionRegistry* registry);
arrow::Status AddTexts(arrow::compute::FunctionRegistry* registry);
arrow::Status AddTextCase(arrow::compute::FunctionRegistry* registry);
arrow::Status AddTextSearch(arrow::compute::FunctionRegistry* registry);
arrow::Status AddPatterns(arrow::compute::FunctionRegistry* registry);
arrow::Status AddArrays(arrow::compute::FunctionRegistry* registry);
arrow::Status AddArrayChanges(arrow::compute::FunctionRegistry* registry);
arrow::Status AddArraySets(arrow::compute::FunctionRegistry* registry);
arrow::Status AddDates(arrow::compute::FunctionRegistry* registry);
arrow::Status AddJson(arrow::compute::FunctionRegistry* registry);

}  // namespace lancea
