// Filters that other engines send: Substrait messages.
#pragma once

#include <memory>
#include <string_view>

#include "arrow/result.h"
#include "lancea/export.h"

namespace arrow::compute {
class Expression;
}

namespace lancea {

/// The expression of a Substrait ExtendedExpression message, for ScanOptions::filter_expression. Its fields
/// are found in a table by the names that the message gives them.
///
/// Functions are those of Substrait's comparison, boolean, arithmetic and string extensions that SQL has
/// under the same or a well-known name.
///
/// \return InvalidInput for what is no such message, holds not exactly one expression, or is nested too
///   deep; NotImplemented for functions, types and kinds of expressions that are not known
LANCEA_EXPORT arrow::Result<std::shared_ptr<const arrow::compute::Expression>> ReadSubstrait(
    std::string_view message);

}  // namespace lancea
