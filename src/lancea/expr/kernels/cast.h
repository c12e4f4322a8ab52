// Conversion of values between types, as SQL's CAST does it.
//
//   float to integer    the fraction is cut off
//   to a decimal        rounded, halves away from zero
//   time units          cut off towards zero
//   text                as text_parse.h reads it
//
// What the type cannot hold is an error, or null with `or_null` (TRY_CAST).
#pragma once

#include <memory>

#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

arrow::Result<std::shared_ptr<arrow::Array>> CastArray(const std::shared_ptr<arrow::Array>& array,
                                                       const std::shared_ptr<arrow::DataType>& to,
                                                       bool or_null, arrow::MemoryPool* pool);

/// Whether there is such a conversion at all.
bool CanCast(const arrow::DataType& from, const arrow::DataType& to);

}  // namespace lancea
