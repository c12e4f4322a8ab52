// Columns renamed, made nullable or not, or cast to another type.
#include <algorithm>
#include <set>
#include <utility>

#include "arrow/array.h"
#include "arrow/compute/cast.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/change/cast_column.h"
#include "lancea/change/column_change.h"
#include "lancea/scan/scan_rows.h"
#include "lancea/scan/scan_stream.h"
#include "lancea/schema/field.h"
#include "lancea/schema/projection.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

struct Cast {
  const Field* from;  ///< of the table
  Field to;
  const Field* top;  ///< the column it lies in
};

struct Altered {
  Schema schema;
  std::vector<Cast> casts;
  bool tightens_nullability = false;
};

Field* FindById(std::vector<Field>* fields, int32_t id) {
  for (Field& field : *fields) {
    if (field.id == id) return &field;
    if (Field* found = FindById(&field.children, id)) return found;
  }
  return nullptr;
}

arrow::Status CheckNoNulls(const ColumnChange& change, const std::string& path) {
  ScanOptions scan;
  scan.columns = std::vector<std::string>{path};
  scan.stop_token = change.options().stop;
  ARROW_ASSIGN_OR_RAISE(auto scanner, change.dataset().Scan(std::move(scan)));
  ARROW_ASSIGN_OR_RAISE(auto rows, scanner->ToReader());
  for (std::shared_ptr<arrow::RecordBatch> batch;;) {
    ARROW_RETURN_NOT_OK(rows->ReadNext(&batch));
    if (batch == nullptr) return arrow::Status::OK();
    if (batch->column(0)->null_count() > 0) {
      return InvalidInput("Column \"", path,
                          "\" contains NULL values and cannot be made non-nullable");
    }
  }
}

// Indexes of a column that is cast would be of a column that is gone.
arrow::Status CheckNoIndices(const ColumnChange& change, const std::vector<Cast>& casts) {
  std::set<std::string> columns, indices;
  for (const IndexInfo& index : change.dataset().indices()) {
    for (const Cast& cast : casts) {
      if (std::ranges::find(index.field_ids, cast.from->id) == index.field_ids.end()) continue;
      columns.insert(cast.from->name);
      indices.insert(index.name);
    }
  }
  if (indices.empty()) return arrow::Status::OK();
  auto join = [](const std::set<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
  };
  return InvalidInput("Cannot cast column(s) [", join(columns), "] to a new type: they have ",
                      indices.size(), " index(es) attached: [", join(indices),
                      "]. Drop them with drop_index() first and create them again afterwards.");
}

arrow::Result<Field> CastField(const Field& from, const Field& named, const std::string& path,
                               const std::shared_ptr<arrow::DataType>& type, int32_t* next_id) {
  ARROW_ASSIGN_OR_RAISE(auto arrow_from, ToArrow(from));
  const bool is_plain = !IsJson(from) && !IsBlob(from);
  if (!is_plain || !IsWideningOrNarrowing(*arrow_from->type(), *type) ||
      (type->id() != arrow::Type::DICTIONARY && type->id() != arrow::Type::EXTENSION &&
       !arrow::compute::CanCast(*arrow_from->type(), *type) &&
       arrow_from->type()->id() != arrow::Type::DICTIONARY)) {
    return InvalidInput("Cannot cast column \"", path, "\" from ",
                        LogicalTypeName(*arrow_from->type()), " to ", LogicalTypeName(*type));
  }
  ARROW_ASSIGN_OR_RAISE(
      Schema schema, FromArrow(*arrow::schema({arrow::field(named.name, type, named.nullable)})));
  GiveIds(&schema.fields[0], named.parent_id, next_id);
  return std::move(schema.fields[0]);
}

arrow::Result<Altered> Alter(const ColumnChange& change,
                             const std::vector<ColumnAlteration>& alterations) {
  const Schema& table = change.dataset().lance_schema();
  Altered out;
  out.schema = table;
  int32_t next_id = NextFieldId(change.dataset());
  for (const ColumnAlteration& alteration : alterations) {
    const std::string& path = alteration.path;
    auto fields = ResolvePath(table, path);
    if (!fields.ok()) return InvalidInput("Column \"", path, "\" does not exist in the dataset");
    if (!alteration.name && !alteration.nullable && alteration.data_type == nullptr) {
      return InvalidInput("At least one of name, nullable, or data_type must be specified");
    }
    const Field& from = *fields->back();
    Field* to = FindById(&out.schema.fields, from.id);
    if (to == nullptr) return InvalidInput("Column \"", path, "\" is altered twice");
    if (alteration.nullable && from.nullable && !*alteration.nullable) {
      ARROW_RETURN_NOT_OK(CheckNoNulls(change, path));
      out.tightens_nullability = true;
    }
    if (alteration.name) to->name = *alteration.name;
    if (alteration.nullable) to->nullable = *alteration.nullable;
    if (alteration.data_type == nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(*to, CastField(from, *to, path, alteration.data_type, &next_id));
    out.casts.push_back({&from, *to, fields->front()});
  }
  ARROW_RETURN_NOT_OK(CheckNames(out.schema));
  ARROW_RETURN_NOT_OK(CheckNoIndices(change, out.casts));
  if (out.tightens_nullability && !out.casts.empty()) {
    return InvalidInput(
        "cannot make a column non-nullable and cast columns in the same call: apply the cast "
        "first, "
        "then the nullability change");
  }
  return out;
}

// The fields that are written again, as they are and as they will be.
struct Rewrite {
  Schema from, to;
};

// In version 2.0 a struct is a column of its own beside those of its fields, and all must lie in one file.
arrow::Result<Rewrite> FieldsToRewrite(const Dataset& dataset, const Altered& altered) {
  std::vector<int32_t> from, to;
  const bool whole = dataset.data_storage_version() == "2.0";
  for (const Cast& cast : altered.casts) {
    if (whole && cast.top != cast.from) {
      for (size_t i = 0; i < dataset.lance_schema().fields.size(); ++i) {
        if (&dataset.lance_schema().fields[i] != cast.top) continue;
        VisitFields({*cast.top}, [&](const Field& field) { from.push_back(field.id); });
        VisitFields({altered.schema.fields[i]},
                    [&](const Field& field) { to.push_back(field.id); });
      }
    } else {
      VisitFields({*cast.from}, [&](const Field& field) { from.push_back(field.id); });
      VisitFields({cast.to}, [&](const Field& field) { to.push_back(field.id); });
    }
  }
  Rewrite out{ProjectByIds(dataset.lance_schema(), from), ProjectByIds(altered.schema, to)};
  if (out.from.fields.size() != out.to.fields.size()) return Corrupt("a cast loses a column");
  return out;
}

void AppendLeafPaths(const Field& field, std::vector<std::string>* names,
                     std::vector<std::string>* paths) {
  names->push_back(field.name);
  if (field.children.empty()) paths->push_back(FormatFieldPath(*names));
  for (const Field& child : field.children) AppendLeafPaths(child, names, paths);
  names->pop_back();
}

bool TouchesRequired(const Altered& altered) {
  return std::ranges::any_of(
      altered.casts, [&](const Cast& cast) { return !cast.to.nullable || !cast.top->nullable; });
}

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> AlterColumns(
    const std::shared_ptr<const Dataset>& dataset, const std::vector<ColumnAlteration>& alterations,
    const ColumnOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto change, ColumnChange::Make(dataset, {}, options));
  ARROW_ASSIGN_OR_RAISE(Altered altered, Alter(change, alterations));
  if (altered.casts.empty()) {
    return change.Commit(
        operation::Project{std::move(altered.schema), !altered.tightens_nullability});
  }
  ARROW_RETURN_NOT_OK(CheckColumnsWritable(*dataset));
  ARROW_ASSIGN_OR_RAISE(const Rewrite rewrite, FieldsToRewrite(*dataset, altered));
  // What is read keeps the shape of what is written: nested fields inside their structs.
  ScanOptions read;
  std::vector<std::string> names, paths;
  for (const Field& field : rewrite.from.fields) AppendLeafPaths(field, &names, &paths);
  read.columns = paths;
  ARROW_ASSIGN_OR_RAISE(auto plan, dataset->impl().Plan(read));
  ARROW_ASSIGN_OR_RAISE(auto schema, ToArrow(rewrite.to));
  auto cast = [&](const std::shared_ptr<arrow::RecordBatch>& batch)
      -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
    arrow::ArrayVector columns;
    for (int i = 0; i < batch->num_columns(); ++i) {
      const auto index = static_cast<size_t>(i);
      auto column = CastFields(batch->column(i), rewrite.from.fields[index],
                               rewrite.to.fields[index], schema->field(i), change.pool());
      if (!column.ok()) {
        return Prefix(column.status(), "column \"" + rewrite.from.fields[index].name + "\"");
      }
      columns.push_back(*std::move(column));
    }
    return arrow::RecordBatch::Make(schema, batch->num_rows(), std::move(columns));
  };
  auto source = [&](size_t fragment) -> arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> {
    const ScanOptions scan = change.ScanOf(fragment);
    ARROW_ASSIGN_OR_RAISE(auto slices, RowsOfScan(dataset->impl(), scan));
    auto rows = MakeScanStream(dataset, plan, std::move(slices), scan, *scan.batch_size);
    return MapBatches(std::move(rows), schema, cast);
  };
  ARROW_ASSIGN_OR_RAISE(auto changed, change.WriteAll(rewrite.to, source));
  return change.Commit(
      operation::Merge{changed.fragments, std::move(altered.schema), !TouchesRequired(altered)},
      &changed);
}

}  // namespace lancea
