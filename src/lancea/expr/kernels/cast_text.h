// The casts from and to text, and to decimals, that differ from Arrow's.
#pragma once

#include <memory>

#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// From utf8 or large_utf8 to a number, boolean, date, time, timestamp or decimal; nullptr when `to` is
/// none of these.
arrow::Result<std::shared_ptr<arrow::Array>> CastFromText(
    const arrow::Array& array, const std::shared_ptr<arrow::DataType>& to, bool or_null,
    arrow::MemoryPool* pool);

/// From a float, date, time or timestamp to utf8 or large_utf8; nullptr for other types.
arrow::Result<std::shared_ptr<arrow::Array>> CastToText(const std::shared_ptr<arrow::Array>& array,
                                                        const std::shared_ptr<arrow::DataType>& to,
                                                        arrow::MemoryPool* pool);

/// From integers, floats and decimals to a decimal, rounded.
arrow::Result<std::shared_ptr<arrow::Array>> CastToDecimal(
    const arrow::Array& array, const std::shared_ptr<arrow::DataType>& to, bool or_null,
    arrow::MemoryPool* pool);

}  // namespace lancea
