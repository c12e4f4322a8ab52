// Indices and a dictionary -> the values themselves, or an Arrow dictionary array.
#pragma once

#include <memory>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/value_builder.h"

namespace lancea {

/// Leaf values picked from a dictionary: value i is dictionary[indices[i]].
/// `type` a dictionary type keeps the dictionary; any other type gets the values gathered.
/// \return Corrupt when an index is out of range
arrow::Result<std::shared_ptr<arrow::ArrayData>> GatherDictionary(
    const std::shared_ptr<arrow::DataType>& type,
    const std::shared_ptr<arrow::ArrayData>& dictionary, ValueBuilder* indices,
    arrow::MemoryPool* pool);

/// The dictionary type of values of `type` with indices as wide as these.
/// \return Corrupt when no index type is
arrow::Result<std::shared_ptr<arrow::DataType>> EncodedType(
    const std::shared_ptr<arrow::DataType>& type, const ValueBuilder& indices);

}  // namespace lancea
