#include "lancea/change/row_changes_sql.h"

#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/exec.h"
#include "arrow/extension_type.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "lancea/exec/predicate.h"
#include "lancea/expr/sql_expression.h"
#include "lancea/util/errors.h"

namespace lancea {

arrow::Result<SqlValue> SqlValue::Parse(const std::string& sql,
                                        const std::shared_ptr<arrow::Schema>& schema) {
  SqlValue value;
  ARROW_ASSIGN_OR_RAISE(value.expression_, ParseExpression(sql, *schema));
  if (value.expression_.type() == nullptr) return InvalidInput("no type for ", sql);
  value.type_ = value.expression_.type()->GetSharedPtr();
  return value;
}

std::vector<std::vector<std::string>> SqlValue::Columns(size_t depth) const {
  std::vector<std::vector<std::string>> out;
  for (const arrow::FieldRef& field : arrow::compute::FieldsInExpression(expression_)) {
    std::vector<std::string> path;
    if (const std::string* name = field.name()) {
      path.push_back(*name);
    } else if (const auto* steps = field.nested_refs()) {
      for (const arrow::FieldRef& step : *steps) {
        if (step.name() == nullptr || path.size() == depth) break;
        path.push_back(*step.name());
      }
    }
    if (!path.empty() && std::ranges::count(out, path) == 0) out.push_back(std::move(path));
  }
  return out;
}

arrow::Result<std::shared_ptr<arrow::Array>> SqlValue::Evaluate(const arrow::RecordBatch& rows,
                                                                arrow::MemoryPool* pool) const {
  arrow::FieldVector fields;
  std::vector<arrow::Datum> values;
  for (const auto& path : Columns(1)) {
    auto column = rows.GetColumnByName(path[0]);
    if (column == nullptr) return InvalidInput("No field named ", path[0]);
    ARROW_ASSIGN_OR_RAISE(column, AsEvaluated(column, pool));
    fields.push_back(arrow::field(path[0], column->type()));
    values.emplace_back(std::move(column));
  }
  arrow::compute::ExecContext context(pool);
  ARROW_ASSIGN_OR_RAISE(auto bound, expression_.Bind(arrow::Schema(fields), &context));
  const arrow::compute::ExecBatch batch(std::move(values), rows.num_rows());
  ARROW_ASSIGN_OR_RAISE(arrow::Datum result,
                        arrow::compute::ExecuteScalarExpression(bound, batch, &context));
  if (result.is_scalar())
    return arrow::MakeArrayFromScalar(*result.scalar(), rows.num_rows(), pool);
  return result.make_array();
}

arrow::Result<std::shared_ptr<arrow::Array>> Assign(const std::shared_ptr<arrow::Array>& values,
                                                    const std::shared_ptr<arrow::DataType>& type,
                                                    arrow::MemoryPool* pool) {
  if (values->type()->Equals(*type)) return values;
  arrow::compute::ExecContext context(pool);
  arrow::compute::CastOptions options = arrow::compute::CastOptions::Safe();
  options.allow_float_truncate = true;
  options.allow_decimal_truncate = true;
  options.allow_time_truncate = true;
  std::shared_ptr<arrow::Array> given = values;
  if (given->type_id() == arrow::Type::LIST && type->id() == arrow::Type::FIXED_SIZE_LIST) {
    // Items first: the two steps are there, the one is not for all types.
    const auto items = arrow::list(type->field(0));
    ARROW_ASSIGN_OR_RAISE(given, arrow::compute::Cast(*given, items, options, &context));
  }
  std::shared_ptr<arrow::DataType> storage = type;
  if (type->id() == arrow::Type::EXTENSION) {
    storage = static_cast<const arrow::ExtensionType&>(*type).storage_type();
  }
  if (given->type()->Equals(*storage)) return given;
  return arrow::compute::Cast(*given, storage, options, &context);
}

}  // namespace lancea
