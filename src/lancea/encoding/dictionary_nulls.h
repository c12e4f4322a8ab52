// Nulls of a dictionary -> nulls of the rows that name them.
//
//   indices 0 1 1 null     dictionary "a" null   ->   indices 0 null null null   dictionary "a" ""
//
// Files of version 0.1 and 2.0 keep nulls in dictionaries; Arrow cannot join such arrays with others.
#pragma once

#include "arrow/status.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// \param encoded  of a dictionary type; valid indices lie in the dictionary
arrow::Status MoveNullsToRows(arrow::ArrayData* encoded, arrow::MemoryPool* pool);

}  // namespace lancea
