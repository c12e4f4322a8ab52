#include "lancea/scan/table_expression.h"

#include "arrow/type.h"
#include "lancea/exec/in_set.h"
#include "lancea/expr/sql_expression.h"
#include "lancea/scan/read_plan.h"
#include "lancea/schema/field.h"

namespace lancea {

arrow::Result<std::shared_ptr<arrow::Schema>> ExpressionSchema(const Dataset::Impl& dataset) {
  arrow::FieldVector fields = dataset.schema->fields();
  // Blobs are seen as what is read of them, their descriptions.
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field& field = dataset.manifest->schema.fields[i];
    if (!HasBlob(field)) continue;
    ARROW_ASSIGN_OR_RAISE(fields[i], ToArrowAsRead(field, BlobHandling::kDescriptions));
  }
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
  ARROW_ASSIGN_OR_RAISE(const auto schema, ExpressionSchema(dataset));
  return ParseFilter(sql, *schema);
}

arrow::Result<arrow::compute::Expression> ParseTableExpression(const std::string& sql,
                                                               const Dataset::Impl& dataset) {
  ARROW_ASSIGN_OR_RAISE(const auto schema, ExpressionSchema(dataset));
  return ParseExpression(sql, *schema);
}

arrow::Result<arrow::compute::Expression> BindTableFilter(
    const arrow::compute::Expression& expression, const Dataset::Impl& dataset) {
  // Made of the column's own type, and of no SQL: there is nothing to choose.
  if (IsInSet(expression)) return expression;
  ARROW_ASSIGN_OR_RAISE(const auto schema, ExpressionSchema(dataset));
  return BindExpression(expression, *schema, /*must_be_boolean=*/true);
}

}  // namespace lancea
