// SQL's operators over typed expressions: operands are brought to common types, then Arrow's function or
// ours is called. Errors are InvalidInput naming both types, without a place in a text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lancea/expr/typed.h"

namespace lancea {

enum class Comparison { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

std::string_view SymbolOf(Comparison comparison);

/// Floats by total order (NaN is the greatest), but for a zero literal, which is both zeros.
arrow::Result<Typed> Compare(Comparison comparison, Typed left, Typed right);

/// Null is not distinct from null and distinct from all else.
arrow::Result<Typed> IsDistinct(Typed left, Typed right, bool negated);

/// + - * / %: integers wrap around, but division by zero and the one quotient that does not fit are errors.
arrow::Result<Typed> Arithmetic(std::string_view symbol, Typed left, Typed right);
/// & | ^ << >>
arrow::Result<Typed> Bitwise(std::string_view symbol, Typed left, Typed right);
arrow::Result<Typed> Negate(Typed value);
/// Text or bytes one after the other; numbers beside text become text.
arrow::Result<Typed> Concatenate(Typed left, Typed right);

/// All of them (any of them, with `any`), by three-valued logic.
arrow::Result<Typed> Combine(std::vector<Typed> terms, bool any);
arrow::Result<Typed> Not(Typed value);
/// IS [NOT] TRUE or FALSE: never null.
arrow::Result<Typed> IsTruth(Typed value, bool truth, bool negated);
arrow::Result<Typed> IsNull(Typed value, bool negated);

/// Null when there is no match but a null among the values, or the value itself is null.
arrow::Result<Typed> IsIn(Typed value, std::vector<Typed> list, bool negated);
arrow::Result<Typed> IsBetween(Typed value, Typed low, Typed high, bool negated);

/// \param escape  one character
arrow::Result<Typed> Like(Typed text, Typed pattern, std::string_view escape, bool ignore_case,
                          bool negated);

/// The value of the first condition that is true; that of `otherwise` when none is.
arrow::Result<Typed> Case(std::vector<Typed> conditions, std::vector<Typed> values,
                          Typed otherwise);

/// The first that is not null.
arrow::Result<Typed> Coalesce(std::vector<Typed> values);

/// Values brought to one type, as comparisons are; a number beside text becomes text with `text_wins`.
arrow::Result<std::vector<Typed>> ToOneType(std::vector<Typed> values, bool text_wins = false);

/// A boolean, also from an untyped null; InvalidInput for all other types.
arrow::Result<Typed> AsBoolean(Typed value, std::string_view what);

}  // namespace lancea
