#include "lancea/scan/scan_columns.h"

#include <algorithm>

#include "arrow/type.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/exec/conjuncts.h"
#include "lancea/scan/table_expression.h"
#include "lancea/schema/projection.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

arrow::Status CheckValues(const ScanOptions& options) {
  if (options.batch_size.has_value() && *options.batch_size <= 0) {
    return InvalidInput("batch_size must be positive, got ", *options.batch_size);
  }
  if (options.batch_size_bytes.has_value() && *options.batch_size_bytes == 0) {
    return InvalidInput("batch_size_bytes must be positive, got 0");
  }
  if (options.batch_size_bytes.has_value() && options.strict_batch_size) {
    return InvalidInput("strict_batch_size cannot be combined with batch_size_bytes=",
                        *options.batch_size_bytes, ": full batches may pass any limit in bytes");
  }
  if (options.columns.has_value() && options.projections.has_value()) {
    return InvalidInput("a scan takes columns or projections, not both");
  }
  if (options.limit.has_value() && *options.limit < 0) {
    return InvalidInput("Limit must be non-negative, got ", *options.limit);
  }
  if (options.offset < 0) return InvalidInput("Offset must be non-negative, got ", options.offset);
  bool shows_row_id = options.with_row_id;
  if (options.columns.has_value()) {
    shows_row_id |= std::ranges::find(*options.columns, "_rowid") != options.columns->end();
  }
  if (options.projections.has_value()) {
    shows_row_id |= std::ranges::find(*options.projections, "_rowid", &Projection::expression) !=
                    options.projections->end();
  }
  if (options.include_deleted_rows && !shows_row_id) {
    return InvalidInput(
        "include_deleted_rows needs with_row_id: deleted rows are those whose _rowid is null");
  }
  return arrow::Status::OK();
}

arrow::Status CheckLateColumns(const LateColumns& late, const arrow::Schema& schema) {
  for (const std::string& name : late.names) {
    ARROW_ASSIGN_OR_RAISE(const auto path, ParseFieldPath(name));
    if (schema.GetFieldIndex(path[0]) < 0) {
      return NotFound("no column \"", name, "\" to read late");
    }
  }
  return arrow::Status::OK();
}

void AddName(const std::string& name, std::vector<std::string>* names) {
  if (std::ranges::find(*names, name) == names->end()) names->push_back(name);
}

}  // namespace

arrow::Status CheckScanOptions(const ScanOptions& options, const arrow::Schema& schema) {
  ARROW_RETURN_NOT_OK(CheckValues(options));
  return CheckLateColumns(options.late_materialization, schema);
}

arrow::Result<ScanColumns> ScanColumns::Of(const Dataset::Impl& dataset,
                                           const ScanOptions& options) {
  ScanColumns out;
  out.read_ = options;
  out.read_.order_by.clear();
  out.read_.projections.reset();
  if (!options.projections.has_value()) return out;
  out.projections_ = *options.projections;
  // Expressions read columns whole, since they name fields inside by path.
  std::vector<std::string> names;
  for (const Projection& projection : out.projections_) {
    ARROW_ASSIGN_OR_RAISE(auto expression, ParseTableExpression(projection.expression, dataset));
    for (const auto& path : FieldPaths(expression)) {
      AddName(FormatFieldPath({path.data(), 1}), &names);
    }
    out.expressions_.push_back(std::move(expression));
  }
  out.read_.with_row_id = out.read_.with_row_address = false;
  if (options.with_row_id) out.system_columns_.emplace_back("_rowid");
  if (options.with_row_address) out.system_columns_.emplace_back("_rowaddr");
  for (const std::string& name : out.system_columns_) AddName(name, &names);
  out.read_.columns = std::move(names);
  return out;
}

void ScanColumns::AddKeys(const std::vector<ColumnOrdering>& order, const arrow::Schema& columns) {
  std::vector<std::string> names;
  for (const auto& field : columns.fields()) names.push_back(field->name());
  for (const ColumnOrdering& key : order) AddName(key.column, &names);
  read_.columns = std::move(names);
  read_.with_row_id = read_.with_row_address = false;
}

arrow::Result<std::shared_ptr<const ProjectColumns>> ScanColumns::Project(
    const std::shared_ptr<arrow::Schema>& from, int num_columns) const {
  std::vector<ProjectColumns::Column> columns;
  for (size_t i = 0; i < expressions_.size(); ++i) {
    ProjectColumns::Column column{projections_[i].name, -1, expressions_[i]};
    const arrow::FieldRef* ref = expressions_[i].field_ref();
    if (ref != nullptr && ref->name() != nullptr) column.input = from->GetFieldIndex(*ref->name());
    columns.push_back(std::move(column));
  }
  if (expressions_.empty() && system_columns_.empty()) {
    for (int i = 0; i < num_columns; ++i) columns.push_back({from->field(i)->name(), i});
  }
  for (const std::string& name : system_columns_) {
    columns.push_back({name, from->GetFieldIndex(name)});
  }
  return ProjectColumns::Make(from, std::move(columns));
}

std::vector<std::string> ScanColumns::Shown(const arrow::Schema& from, int num_columns) const {
  std::vector<std::string> out;
  for (const Projection& projection : projections_) {
    out.push_back(projection.expression);
    out.back().append(" as ").append(projection.name);
  }
  if (projections_.empty()) {
    for (int i = 0; i < num_columns; ++i) {
      const std::string& name = from.field(i)->name();
      out.push_back(name);
      out.back().append("@").append(std::to_string(i)).append(" as ").append(name);
    }
  }
  for (const std::string& name : system_columns_) out.push_back(name + " as " + name);
  return out;
}

}  // namespace lancea
