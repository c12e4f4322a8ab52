// Expressions made by pyarrow or Substrait -> the same with our coercions and semantics.
//
// Comparisons, logic, arithmetic, is_in, if_else and casts are made anew by operations.h, calls without
// options of functions that SQL knows by sql_functions.h; all others keep their function and options and get
// the types Arrow's dispatch wants.
#pragma once

#include <string_view>

#include "lancea/expr/typed.h"

namespace lancea {

/// A call of this name asks whether its first argument is among the others.
inline constexpr std::string_view kInListCall = "in_list";

/// \param schema  as StorageSchema gives it
arrow::Result<Typed> Rebind(const arrow::compute::Expression& expression,
                            const arrow::Schema& schema);

}  // namespace lancea
