// Changes inside nested arrays: parts of a struct from several files put together, JSON shown as text.
#pragma once

#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/schema.h"

namespace lancea {

/// One array of `type` from arrays that each hold some of its children (by name), all of one length.
/// Children that no part has are null. A struct is null where all its parts are; the rest of the structure
/// is taken from the first part.
arrow::Result<std::shared_ptr<arrow::Array>> MergeParts(
    const std::shared_ptr<arrow::DataType>& type, const arrow::ArrayVector& parts,
    arrow::MemoryPool* pool);

/// `array`, of a column described by `field`, with every JSON field inside as utf8 text.
arrow::Result<std::shared_ptr<arrow::Array>> JsonToText(const Field& field,
                                                        const std::shared_ptr<arrow::Array>& array,
                                                        arrow::MemoryPool* pool);

}  // namespace lancea
