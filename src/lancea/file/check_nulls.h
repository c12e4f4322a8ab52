// Nulls where the schema allows none.
#pragma once

#include "arrow/status.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// Look for a null in a field that is not nullable, at any depth. A null below a null struct, list or
/// item that may be null itself is none.
/// \param field      says what may be null; of the array's type but for nullability
/// \param first_row  number of the array's first row, for the message
/// \return InvalidInput naming the dotted path of the field and the row
arrow::Status CheckNulls(const arrow::Array& array, const arrow::Field& field, int64_t first_row);

}  // namespace lancea
