// SQL about a table's rows -> Arrow expressions over its columns.
#pragma once

#include <memory>
#include <string>

#include "arrow/compute/expression.h"
#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/dataset/dataset_impl.h"

namespace lancea {

/// All columns that expressions over a table may name, system columns last, as expressions see them.
arrow::Result<std::shared_ptr<arrow::Schema>> ExpressionSchema(const Dataset::Impl& dataset);

/// A condition in SQL, its fields by name.
/// \return InvalidInput with the place in the text for what cannot be parsed
arrow::Result<arrow::compute::Expression> ParseTableFilter(const std::string& sql,
                                                           const Dataset::Impl& dataset);

/// Any expression in SQL.
arrow::Result<arrow::compute::Expression> ParseTableExpression(const std::string& sql,
                                                               const Dataset::Impl& dataset);

/// A condition made elsewhere, bound as SQL is.
arrow::Result<arrow::compute::Expression> BindTableFilter(
    const arrow::compute::Expression& expression, const Dataset::Impl& dataset);

}  // namespace lancea
