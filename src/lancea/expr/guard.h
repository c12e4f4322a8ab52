// Expressions that may fail, and how to keep them from rows they were not meant for.
//
//   CASE WHEN x != 0 THEN 1 / x END   ->   if_else(x != 0, 1 / if_else(x != 0, x, null), null)
//
// A call gives null for null, so a guarded one cannot fail where the guard does not hold.
#pragma once

#include <string>

#include "lancea/expr/typed.h"

namespace lancea {

/// Whether a call of this function may fail for some values: division, casts, and the like.
bool MayFail(const std::string& function);

/// `value`, with null for all arguments of functions that may fail where `condition` is not true.
Typed Guarded(Typed value, const Typed& condition);

}  // namespace lancea
