// An expression under construction: not bound, but of known type.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrow/compute/expression.h"
#include "arrow/result.h"
#include "arrow/scalar.h"
#include "arrow/type.h"

namespace lancea {

using TypePointer = std::shared_ptr<arrow::DataType>;

struct Typed {
  arrow::compute::Expression expression;
  TypePointer type;

  /// The value when it is a literal, else nullptr.
  const arrow::Scalar* literal() const {
    const arrow::Datum* datum = expression.literal();
    return datum != nullptr && datum->is_scalar() ? datum->scalar().get() : nullptr;
  }
  bool is_null_literal() const { return literal() != nullptr && !literal()->is_valid; }
};

Typed LiteralOf(std::shared_ptr<arrow::Scalar> value);
Typed NullOf(TypePointer type);
Typed BooleanOf(bool value);
Typed TextOf(std::string text);
Typed IntegerOf(int64_t number);

/// A call of an Arrow function that answers with `type`. Evaluated at once when all arguments are literals
/// and the function gives the same answer every time.
arrow::Result<Typed> CallOf(std::string function, std::vector<Typed> arguments, TypePointer type,
                            std::shared_ptr<arrow::compute::FunctionOptions> options = nullptr);

/// The same as another type, as SQL's CAST converts; with or_null, as TRY_CAST.
/// \return InvalidInput naming both types when there is no such conversion, or the literal does not fit
arrow::Result<Typed> CastTo(Typed value, const TypePointer& to, bool or_null = false);

/// Types as users know them: "int32", "string", "timestamp[us, tz=UTC]".
std::string TypeName(const arrow::DataType& type);

bool IsText(const arrow::DataType& type);    ///< utf8, large_utf8
bool IsBytes(const arrow::DataType& type);   ///< binary, large_binary, fixed_size_binary
bool IsNumber(const arrow::DataType& type);  ///< integers, floats, decimals
bool IsList(const arrow::DataType& type);    ///< list, large_list, fixed_size_list
bool IsNested(const arrow::DataType& type);  ///< lists, structs, maps

}  // namespace lancea
