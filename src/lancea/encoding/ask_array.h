// A condition asked of values that are Arrow's already.
#pragma once

#include <memory>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/value_condition.h"

namespace lancea {

/// The answers for a plain array of the type that the condition was made for; false for nulls.
/// \return nullptr when the array is of another shape (views, dictionaries)
arrow::Result<std::shared_ptr<arrow::BooleanArray>> AskArray(const ValueCondition& condition,
                                                             const arrow::ArrayData& array,
                                                             arrow::MemoryPool* pool);

}  // namespace lancea
