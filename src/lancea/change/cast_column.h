// Which types a column may be cast between, and its values cast without loss.
#pragma once

#include <memory>
#include <string>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/schema.h"

namespace lancea {

/// True between types of one kind: integers, floats, times, text, binary, decimals, dictionaries of those
/// and lists of those.
bool IsWideningOrNarrowing(const arrow::DataType& from, const arrow::DataType& to);

/// `values` of `from`, some of whose fields have other ids in `to`: those are cast to their types there.
/// \return InvalidInput naming the first value that does not fit
arrow::Result<std::shared_ptr<arrow::Array>> CastFields(const std::shared_ptr<arrow::Array>& values,
                                                        const Field& from, const Field& to,
                                                        const std::shared_ptr<arrow::Field>& type,
                                                        arrow::MemoryPool* pool);

}  // namespace lancea
