// A literal written beside a column takes the column's type, or is refused.
//
//   integers    into any number type that holds them, decimals and times too
//   fractions   into floats (rounded; into float16 only while finite and not lost to zero), and into
//               decimals when no digit is lost
//   text        into any text type, and into dates, times and timestamps it can be read as
//   bytes       into any binary type; a fixed size must match
//   null        into everything
//
// A fraction beside an integer column is refused, as is a number too large for it: no row could be equal.
// Source: what pylance 14.0.2 answers; decimals from fractions and times from text go beyond it.
#pragma once

#include <memory>
#include <string>

#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// nullptr when the literal is refused.
/// \param written  as it stands in the text, when it does: digits a double has lost count for decimals
std::shared_ptr<arrow::Scalar> CoerceLiteral(const std::shared_ptr<arrow::Scalar>& value,
                                             const std::shared_ptr<arrow::DataType>& to,
                                             const std::string& written = "");

}  // namespace lancea
