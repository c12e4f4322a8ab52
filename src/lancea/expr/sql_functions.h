// The functions of SQL by name. A function brings its arguments to types it takes and calls an Arrow
// function; adding one is a row in the table of its family.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lancea/expr/typed.h"

namespace lancea {

using TypedVector = std::vector<Typed>;

struct SqlFunction {
  std::string_view name;  ///< in lower case
  int least_arguments;
  int most_arguments;  ///< kAnyNumber: no limit
  /// \return InvalidInput naming the types it does not take
  arrow::Result<Typed> (*bind)(TypedVector arguments);
};
inline constexpr int kAnyNumber = -1;

/// nullptr when there is none. Knows other names of the same function.
/// \param name  in lower case
const SqlFunction* FindSqlFunction(std::string_view name);

/// Of all of them.
std::vector<std::string> SqlFunctionNames();

// The families, each in the file of its name.
std::span<const SqlFunction> TextFunctions();
std::span<const SqlFunction> PatternFunctions();
std::span<const SqlFunction> MathFunctions();
std::span<const SqlFunction> ValueFunctions();
std::span<const SqlFunction> DateFunctions();
std::span<const SqlFunction> ArrayFunctions();
std::span<const SqlFunction> JsonFunctions();

// What bindings are made of.

/// The argument as text: text stays as it is, null becomes text. InvalidInput for all else, unless
/// `convert`.
arrow::Result<Typed> TextArgumentOf(Typed value, std::string_view function, bool convert = false);
/// The argument as int64. InvalidInput when it is no integer.
arrow::Result<Typed> IntegerArgumentOf(Typed value, std::string_view function);
/// All as one text type: large when one is.
arrow::Result<TypedVector> SameTextType(TypedVector values);
arrow::Status DoesNotTake(std::string_view function, const Typed& value);

}  // namespace lancea
