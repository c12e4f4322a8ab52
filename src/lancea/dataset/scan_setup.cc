#include "lancea/dataset/scan_setup.h"

#include <algorithm>
#include <cstdlib>

#include "arrow/type.h"
#include "lancea/dataset/table_expression.h"
#include "lancea/exec/conjuncts.h"
#include "lancea/schema/projection.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr int64_t kDefaultBatchSize = 8192;
// A top-k of more rows sorts instead: taking so many rows one by one costs more than reading them all.
constexpr int64_t kMaxTopRows = 1 << 20;

int64_t DefaultBatchSize() {
  const char* text = std::getenv("LANCE_DEFAULT_BATCH_SIZE");
  const int64_t value = text != nullptr ? std::atoll(text) : 0;
  return value > 0 ? value : kDefaultBatchSize;
}

arrow::Status Check(const ScanOptions& options) {
  if (options.batch_size.has_value() && *options.batch_size <= 0) {
    return InvalidInput("batch_size must be positive, got ", *options.batch_size);
  }
  if (options.batch_size_bytes.has_value() && *options.batch_size_bytes == 0) {
    return InvalidInput("batch_size_bytes must be positive, got 0");
  }
  if (options.columns.has_value() && options.projections.has_value()) {
    return InvalidInput("a scan takes columns or projections, not both");
  }
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

void AddName(const std::string& name, std::vector<std::string>* names) {
  if (std::ranges::find(*names, name) == names->end()) names->push_back(name);
}

}  // namespace

arrow::Result<ScanSetup> ScanSetup::Make(const Dataset::Impl& dataset, ScanOptions options) {
  ARROW_RETURN_NOT_OK(Check(options));
  ScanSetup out;
  out.batch_size = options.batch_size.value_or(DefaultBatchSize());
  ARROW_ASSIGN_OR_RAISE(out.filter, ScanFilter::Get(dataset, options));
  ARROW_ASSIGN_OR_RAISE(out.slices, RowsOfScan(dataset, options));
  if (out.filter != nullptr) {
    ARROW_ASSIGN_OR_RAISE(
        out.slices, PinnedRows(dataset, *out.filter, out.slices, options.include_deleted_rows));
  }
  if (options.counters != nullptr) {
    options.counters->scan_io.CountFor(dataset.io_counters.get());
    options.counters->take_io.CountFor(dataset.io_counters.get());
  }
  out.options = std::move(options);
  const ScanOptions& given = out.options;
  out.read = given;
  out.read.order_by.clear();
  out.read.projections.reset();

  // Expressions read columns whole, since they name fields inside by path.
  std::vector<arrow::compute::Expression> expressions;
  if (given.projections.has_value()) {
    std::vector<std::string> names;
    for (const Projection& projection : *given.projections) {
      ARROW_ASSIGN_OR_RAISE(auto expression, ParseTableExpression(projection.expression, dataset));
      for (const auto& path : FieldPaths(expression))
        AddName(FormatFieldPath({path.data(), 1}), &names);
      expressions.push_back(std::move(expression));
    }
    out.read.columns = std::move(names);
    out.read.with_row_id = out.read.with_row_address = false;
    if (given.with_row_id) AddName("_rowid", &*out.read.columns);
    if (given.with_row_address) AddName("_rowaddr", &*out.read.columns);
  }
  ARROW_ASSIGN_OR_RAISE(out.plan, dataset.ScanPlan(out.read));
  std::vector<ProjectColumns::Column> columns;
  if (given.projections.has_value()) {
    auto index = [&](const std::string& name) { return out.plan->schema()->GetFieldIndex(name); };
    for (size_t i = 0; i < expressions.size(); ++i) {
      ProjectColumns::Column column{(*given.projections)[i].name, -1, expressions[i]};
      const arrow::FieldRef* ref = expressions[i].field_ref();
      if (ref != nullptr && ref->name() != nullptr) column.input = index(*ref->name());
      columns.push_back(std::move(column));
    }
    if (given.with_row_id) columns.push_back({"_rowid", index("_rowid")});
    if (given.with_row_address) columns.push_back({"_rowaddr", index("_rowaddr")});
  }

  if (!given.order_by.empty()) {
    const bool top = given.limit.has_value() && !given.include_deleted_rows &&
                     given.offset + *given.limit <= kMaxTopRows;
    if (!given.projections.has_value()) {
      for (int i = 0; i < out.plan->schema()->num_fields(); ++i) {
        columns.push_back({out.plan->schema()->field(i)->name(), i});
      }
    }
    std::vector<std::string> names;
    if (!top) {
      for (const auto& field : out.plan->schema()->fields()) names.push_back(field->name());
    } else {
      out.taken = out.plan;
    }
    for (const ColumnOrdering& key : given.order_by) AddName(key.column, &names);
    if (top) AddName("_rowaddr", &names);
    ScanOptions keys = out.read;
    keys.columns = names;
    keys.with_row_id = keys.with_row_address = false;
    ARROW_ASSIGN_OR_RAISE(out.plan, dataset.ScanPlan(keys));
    for (const ColumnOrdering& key : given.order_by) {
      const int column = out.plan->schema()->GetFieldIndex(key.column);
      if (column < 0) return NotFound("no column \"", key.column, "\" to order by");
      ARROW_RETURN_NOT_OK(CheckSortable(*out.plan->schema()->field(column)->type(), key.column));
      out.sort.push_back({column, key.ascending, key.nulls_first});
    }
    out.read = std::move(keys);
  }
  const auto& projected_from = out.taken != nullptr ? out.taken->schema() : out.plan->schema();
  if (!columns.empty()) {
    ARROW_ASSIGN_OR_RAISE(out.project, ProjectColumns::Make(projected_from, std::move(columns)));
  }
  out.schema = out.project != nullptr ? out.project->schema() : projected_from;
  return out;
}

}  // namespace lancea
