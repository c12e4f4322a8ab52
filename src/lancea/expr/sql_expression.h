// SQL text -> bound Arrow expressions.
//
//   text --lexer--> tokens --parser--> Ast --binder--> arrow::compute::Expression (bound)
//
// The binder gives every literal the type of the column it meets, casts operands to a common type, and
// names kernels so that Arrow finds them without a conversion of its own. What Arrow lacks or does
// otherwise (total order of floats, LIKE with ESCAPE, arrays, JSON …) is a function of ours in Arrow's
// registry; its name starts with "lancea_". Field references are by name: the expression may be bound
// again to any schema that has the columns with the same types.
//
// Columns may be of extension types (seen as their storage) and of dictionaries (seen as their values).
// Names are compared exactly first, then without regard to case. "x" is a string, `x` a column.
// Source: what pylance 14.0.2 answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arrow/compute/expression.h"
#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// A condition: rows for which it is true pass, null counts as false.
/// \return InvalidInput with the place in the text for what cannot be parsed, for unknown columns and
///   functions (with the nearest name), for types that do not fit, and when it is not boolean
arrow::Result<arrow::compute::Expression> ParseFilter(std::string_view sql,
                                                      const arrow::Schema& schema);

/// Any expression; its type is expression.type().
arrow::Result<arrow::compute::Expression> ParseExpression(std::string_view sql,
                                                          const arrow::Schema& schema);

/// An expression made elsewhere (pyarrow, Substrait), bound with the same coercions and semantics.
/// \param must_be_boolean  InvalidInput when it is not
arrow::Result<arrow::compute::Expression> BindExpression(
    const arrow::compute::Expression& expression, const arrow::Schema& schema,
    bool must_be_boolean);

/// The schema that bound expressions see: storage of extension types, values of dictionaries, at any
/// depth of structs. Batches given to them must have these types.
std::shared_ptr<arrow::Schema> StorageSchema(const arrow::Schema& schema);

/// Paths of the columns it reads, each once, in the order met: {"a"}, {"st", "x"}.
std::vector<std::vector<std::string>> ColumnsOf(const arrow::compute::Expression& expression);

}  // namespace lancea
