// Conditions of a filter on one column, as conditions that pages can be asked (encoding/value_condition.h).
#pragma once

#include <memory>
#include <optional>

#include "arrow/compute/expression.h"
#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/value_condition.h"

namespace lancea {

/// \param condition  bound to a schema of one column
/// \return nullopt unless it compares the column itself with literals and is true of the same values as
///   what is returned; where the value is null it is not true
std::optional<ValueCondition> AsValueCondition(const arrow::compute::Expression& condition);

}  // namespace lancea
