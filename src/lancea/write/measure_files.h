// Sizes of data files that a transaction made by hand does not tell.
#pragma once

#include "arrow/status.h"
#include "lancea/transaction.h"
#include "lancea/write/write_context.h"

namespace lancea {

/// Set `file_size_bytes` of the data files that the operation adds, where it is 0, to what the store says.
/// \return InvalidInput naming a file that is not there, which readers would stumble over
arrow::Status MeasureNewFiles(const WriteContext& context, Operation* operation);

}  // namespace lancea
