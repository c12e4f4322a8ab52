// The types two operands are brought to.
//
//   integers          the wider one; signed with unsigned of the same or a greater width, the next wider
//                     signed; uint64 with a signed one, decimal(20, 0)
//   with a float      the wider float
//   decimals          whole digits and digits behind the point of both; integers are decimals of their
//                     width; a float is decimal(14, 7) or (30, 15) in comparisons, else the result is a float
//   text with number  the number; with a date or timestamp, that
//   dates, timestamps the finer of both; of different zones the left one's
//   lists, structs    element by element, field by field
//
// Source: what pylance 14.0.2 (DataFusion 54) answers.
#pragma once

#include <utility>

#include "lancea/expr/typed.h"

namespace lancea {

/// What both sides of a comparison are converted to; nullptr when they cannot be compared.
TypePointer ComparisonType(const TypePointer& left, const TypePointer& right);

/// What the values of CASE become: as comparisons, but a number with text is text.
TypePointer UnionType(const TypePointer& left, const TypePointer& right);

/// Of two numbers for + - * / %, equal for both but for decimals; nullptr when one is no number.
std::pair<TypePointer, TypePointer> ArithmeticTypes(const TypePointer& left,
                                                    const TypePointer& right);

/// The decimal an integer or float counts as; nullptr for other types.
TypePointer DecimalFor(const arrow::DataType& number, bool wide);

}  // namespace lancea
