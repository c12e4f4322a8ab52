// New columns: from SQL, a function, a stream, or nothing but nulls.
#include <algorithm>
#include <set>
#include <utility>

#include "arrow/array/concatenate.h"
#include "arrow/compute/expression.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "lancea/change/column_change.h"
#include "lancea/scan/table_expression.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Rows of a batch that a function gets, as scans cut them.
constexpr int64_t kFunctionBatchRows = 8192;

struct Added {
  ChangedFragments changed;
  ExtendedSchema extended;
};

// True where the values may be null though no column that is read is.
bool MayMakeNulls(std::string function) {
  static const std::set<std::string> keepers = {"add",
                                                "and",
                                                "and_kleene",
                                                "ascii_lower",
                                                "btrim",
                                                "cast",
                                                "concat",
                                                "contains",
                                                "decimal_add",
                                                "decimal_divide",
                                                "decimal_modulo",
                                                "decimal_multiply",
                                                "decimal_subtract",
                                                "divide",
                                                "ends_with",
                                                "equal",
                                                "equal_nested",
                                                "greater",
                                                "greater_equal",
                                                "ilike",
                                                "invert",
                                                "is_in",
                                                "is_null",
                                                "is_valid",
                                                "less",
                                                "less_equal",
                                                "like",
                                                "modulo",
                                                "multiply",
                                                "negate",
                                                "not_equal",
                                                "or",
                                                "or_kleene",
                                                "starts_with",
                                                "subtract",
                                                "utf8_lower",
                                                "utf8_upper"};
  if (function.starts_with("lancea_")) function.erase(0, std::string("lancea_").size());
  if (function.ends_with("_checked")) function.erase(function.size() - 8);
  return !keepers.contains(function);
}

bool IsNullable(const arrow::compute::Expression& expression, const arrow::Schema& schema) {
  if (const arrow::Datum* literal = expression.literal()) {
    return !literal->is_scalar() || !literal->scalar()->is_valid;
  }
  if (const arrow::FieldRef* ref = expression.field_ref()) {
    const std::string* name = ref->name();
    const auto field = name == nullptr ? nullptr : schema.GetFieldByName(*name);
    return field == nullptr || field->nullable();
  }
  const auto* call = expression.call();
  if (call == nullptr || MayMakeNulls(call->function_name)) return true;
  if (call->function_name == "is_null" || call->function_name == "is_valid") return false;
  return std::ranges::any_of(call->arguments, [&](const arrow::compute::Expression& argument) {
    return IsNullable(argument, schema);
  });
}

bool IsNullCast(const arrow::compute::Expression& expression) {
  const arrow::compute::Expression* inside = &expression;
  while (const auto* call = inside->call()) {
    if (!call->function_name.ends_with("cast") || call->arguments.size() != 1) return false;
    inside = &call->arguments[0];
  }
  const arrow::Datum* literal = inside->literal();
  return literal != nullptr && literal->is_scalar() && !literal->scalar()->is_valid;
}

arrow::Result<Added> AddNull(const ColumnChange& change, const NullColumns& columns) {
  Added out;
  ARROW_ASSIGN_OR_RAISE(out.extended, Extend(change.dataset(), *columns.schema));
  for (const auto& field : columns.schema->fields()) {
    if (!field->nullable()) {
      return InvalidInput("All-null columns must be nullable, but field '", field->name(),
                          "' is not.");
    }
  }
  for (const size_t index : change.fragments()) {
    out.changed.fragments.push_back(change.fragment(index));
  }
  return out;
}

arrow::Result<Added> AddSql(const ColumnChange& change, const SqlColumns& columns) {
  const Dataset::Impl& dataset = change.dataset().impl();
  ScanOptions scan;
  scan.projections.emplace();
  std::vector<arrow::compute::Expression> expressions;
  for (const auto& [name, sql] : columns.expressions) {
    scan.projections->push_back({name, sql});
    ARROW_ASSIGN_OR_RAISE(auto expression, ParseTableExpression(sql, dataset));
    expressions.push_back(std::move(expression));
  }
  Added out;
  if (expressions.empty()) return AddNull(change, {arrow::schema({})});
  ARROW_ASSIGN_OR_RAISE(auto scanner, change.dataset().Scan(scan));
  arrow::FieldVector fields;
  bool all_null = true;
  for (size_t i = 0; i < expressions.size(); ++i) {
    const auto& field = scanner->schema()->field(static_cast<int>(i));
    all_null &= field->type()->id() != arrow::Type::NA && IsNullCast(expressions[i]);
    // Only the values are those of a column, not what its metadata say.
    fields.push_back(
        arrow::field(field->name(), field->type(), IsNullable(expressions[i], *dataset.schema)));
  }
  auto schema = arrow::schema(std::move(fields));
  if (all_null) return AddNull(change, {schema});
  ARROW_ASSIGN_OR_RAISE(out.extended, Extend(change.dataset(), *schema));
  auto source = [&](size_t fragment) -> arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> {
    ScanOptions one = change.ScanOf(fragment);
    one.projections = scan.projections;
    ARROW_ASSIGN_OR_RAISE(auto fragment_scanner, change.dataset().Scan(std::move(one)));
    return fragment_scanner->ToReader();
  };
  ARROW_ASSIGN_OR_RAISE(out.changed, change.WriteAll(out.extended.written, source));
  return out;
}

// What an earlier attempt left, if it is the fragment as it is now with a file of these columns.
arrow::Result<bool> LoadFragment(const ComputedColumns& columns, const FragmentMetadata& fragment,
                                 const Schema& written, FragmentMetadata* out) {
  if (!columns.load_fragment) return false;
  ARROW_ASSIGN_OR_RAISE(auto loaded, columns.load_fragment(fragment.id));
  if (!loaded || loaded->files.empty() || loaded->physical_rows != fragment.physical_rows) {
    return false;
  }
  DataFile file = std::move(loaded->files.back());
  loaded->files.pop_back();
  if (loaded->files != fragment.files) return false;
  std::set<int32_t> ids;
  VisitFields(written.fields, [&](const Field& field) { ids.insert(field.id); });
  if (!std::ranges::all_of(file.fields, [&](int32_t id) { return ids.contains(id); })) return false;
  *out = fragment;
  AppendFile(std::move(file), out);
  return true;
}

arrow::Result<Added> AddComputed(const ColumnChange& change, const ComputedColumns& columns) {
  Added out;
  ARROW_ASSIGN_OR_RAISE(out.extended, Extend(change.dataset(), *columns.output_schema));
  for (const size_t index : change.fragments()) {
    const FragmentMetadata& fragment = change.fragment(index);
    FragmentMetadata changed;
    ARROW_ASSIGN_OR_RAISE(const bool is_loaded,
                          LoadFragment(columns, fragment, out.extended.written, &changed));
    if (is_loaded) {
      out.changed.fragments.push_back(std::move(changed));
      continue;
    }
    ScanOptions scan = change.ScanOf(index);
    scan.columns = columns.read_columns;
    scan.batch_size = change.options().batch_size.value_or(kFunctionBatchRows);
    ARROW_ASSIGN_OR_RAISE(auto scanner, change.dataset().Scan(std::move(scan)));
    ARROW_ASSIGN_OR_RAISE(auto rows, scanner->ToReader());
    uint64_t batch_index = 0;
    auto compute = [&](const std::shared_ptr<arrow::RecordBatch>& batch)
        -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
      ARROW_ASSIGN_OR_RAISE(auto result, columns.function(fragment.id, batch_index++, batch));
      if (!result->schema()->Equals(*columns.output_schema, /*check_metadata=*/false)) {
        return InvalidInput("Output schema of function does not match the expected schema. ",
                            "Expected:\n", columns.output_schema->ToString(), "\nGot:\n",
                            result->schema()->ToString());
      }
      if (result->num_rows() != batch->num_rows()) {
        return InvalidInput("the function was given ", batch->num_rows(), " rows and returned ",
                            result->num_rows());
      }
      return result;
    };
    auto computed = MapBatches(std::move(rows), columns.output_schema, compute);
    std::unique_ptr<ColumnFileWriter> writer;
    ARROW_RETURN_NOT_OK(
        change.WriteOne(index, out.extended.written, computed.get(), &changed, &writer));
    if (columns.save_fragment) {
      ARROW_RETURN_NOT_OK(columns.save_fragment(changed));
      writer->Release();
    }
    out.changed.fragments.push_back(std::move(changed));
    out.changed.writers.push_back(std::move(writer));
  }
  return out;
}

arrow::Result<Added> AddStreamed(const ColumnChange& change, const StreamedColumns& columns) {
  Added out;
  ARROW_ASSIGN_OR_RAISE(out.extended, Extend(change.dataset(), *columns.rows->schema()));
  std::shared_ptr<arrow::RecordBatch> batch;
  auto next = [&]() -> arrow::Status {
    do {
      ARROW_RETURN_NOT_OK(columns.rows->ReadNext(&batch));
    } while (batch != nullptr && batch->num_rows() == 0);
    return arrow::Status::OK();
  };
  for (const size_t index : change.fragments()) {
    ARROW_ASSIGN_OR_RAISE(
        auto writer,
        ColumnFileWriter::Make(change.context(), change.fragment(index), out.extended.written,
                               *columns.rows->schema(), change.Shares(), change.options().stop));
    while (writer->num_rows_left() > 0) {
      if (batch == nullptr) ARROW_RETURN_NOT_OK(next());
      if (batch == nullptr) {
        return InvalidInput("Stream ended before producing values for all rows in dataset");
      }
      const int64_t count = static_cast<int64_t>(
          std::min(writer->num_rows_left(), static_cast<uint64_t>(batch->num_rows())));
      ARROW_RETURN_NOT_OK(writer->Write(batch->Slice(0, count)));
      batch = count == batch->num_rows() ? nullptr : batch->Slice(count);
    }
    FragmentMetadata changed = change.fragment(index);
    if (changed.physical_rows > 0) {
      ARROW_ASSIGN_OR_RAISE(DataFile file, writer->Finish());
      AppendFile(std::move(file), &changed);
    }
    out.changed.fragments.push_back(std::move(changed));
    out.changed.writers.push_back(std::move(writer));
  }
  if (batch == nullptr) ARROW_RETURN_NOT_OK(next());
  if (batch != nullptr) {
    return InvalidInput("Stream produced more values than expected for dataset");
  }
  return out;
}

arrow::Result<Added> Add(const ColumnChange& change, const NewColumns& columns) {
  ARROW_RETURN_NOT_OK(CheckColumnsWritable(change.dataset()));
  if (auto* sql = std::get_if<SqlColumns>(&columns)) return AddSql(change, *sql);
  if (auto* computed = std::get_if<ComputedColumns>(&columns))
    return AddComputed(change, *computed);
  if (auto* rows = std::get_if<StreamedColumns>(&columns)) return AddStreamed(change, *rows);
  return AddNull(change, std::get<NullColumns>(columns));
}

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> AddColumns(const std::shared_ptr<const Dataset>& dataset,
                                                   const NewColumns& columns,
                                                   const ColumnOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto change, ColumnChange::Make(dataset, {}, options));
  ARROW_ASSIGN_OR_RAISE(Added added, Add(change, columns));
  return change.Commit(operation::Merge{added.changed.fragments, std::move(added.extended.schema),
                                        added.extended.preserves_nullability},
                       &added.changed);
}

arrow::Result<ExtendedFragment> AddColumnsToFragment(const std::shared_ptr<const Dataset>& dataset,
                                                     uint64_t fragment_id,
                                                     const NewColumns& columns,
                                                     const ColumnOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto change, ColumnChange::Make(dataset, fragment_id, options));
  ARROW_ASSIGN_OR_RAISE(Added added, Add(change, columns));
  added.changed.Keep();
  return ExtendedFragment{std::move(added.changed.fragments[0]), std::move(added.extended.schema)};
}

}  // namespace lancea
