// Precision and scale of what arithmetic on decimals gives.
//
//   + -   scale max(s1, s2), room for one more digit before the point
//   *     scale s1 + s2
//   /     scale s1 + 4
//   %     scale max(s1, s2)
//
// Precision is cut at what the width holds (38 or 76); a number that needs more is an error.
// Source: types of pylance 14.0.2.
#pragma once

#include <memory>

#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

enum class DecimalOperation { kAdd, kSubtract, kMultiply, kDivide, kModulo };

/// \return InvalidInput when the scale would pass what the width holds
arrow::Result<std::shared_ptr<arrow::DataType>> DecimalResultType(DecimalOperation operation,
                                                                  const arrow::DataType& left,
                                                                  const arrow::DataType& right);

}  // namespace lancea
