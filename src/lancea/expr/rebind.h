// Expressions made by pyarrow or Substrait -> the same with our coercions and semantics.
//
// Comparisons, logic, arithmetic, is_in and casts are made anew by operations.h; all other calls keep
// their function and options and get the types Arrow's dispatch wants.
#pragma once

#include "lancea/expr/typed.h"

namespace lancea {

/// \param schema  as StorageSchema gives it
arrow::Result<Typed> Rebind(const arrow::compute::Expression& expression,
                            const arrow::Schema& schema);

}  // namespace lancea
