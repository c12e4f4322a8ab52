#include "lancea/dataset/table_expression.h"

#include "arrow/type.h"
#include "lancea/expr/sql_expression.h"

namespace lancea {

std::shared_ptr<arrow::Schema> ExpressionSchema(const Dataset::Impl& dataset) {
  arrow::FieldVector fields = dataset.schema->fields();
  for (const char* name : {"_rowid", "_rowaddr", "_rowoffset", "_row_created_at_version",
                           "_row_last_updated_at_version"}) {
    if (dataset.schema->GetFieldIndex(name) < 0) {
      fields.push_back(arrow::field(name, arrow::uint64()));
    }
  }
  return arrow::schema(std::move(fields), dataset.schema->metadata());
}

arrow::Result<arrow::compute::Expression> ParseTableFilter(const std::string& sql,
                                                           const Dataset::Impl& dataset) {
  return ParseFilter(sql, *ExpressionSchema(dataset));
}

arrow::Result<arrow::compute::Expression> ParseTableExpression(const std::string& sql,
                                                               const Dataset::Impl& dataset) {
  return ParseExpression(sql, *ExpressionSchema(dataset));
}

arrow::Result<arrow::compute::Expression> BindTableFilter(
    const arrow::compute::Expression& expression, const Dataset::Impl& dataset) {
  return BindExpression(expression, *ExpressionSchema(dataset), /*must_be_boolean=*/true);
}

}  // namespace lancea
