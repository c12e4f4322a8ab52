// Update: matching rows are read whole, changed, written to new fragments and deleted where they were.
#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "lancea/change/row_changes.h"
#include "lancea/change/row_changes_rows.h"
#include "lancea/change/row_changes_sql.h"
#include "lancea/change_rows.h"
#include "lancea/exec/conjuncts.h"
#include "lancea/schema/field.h"
#include "lancea/util/errors.h"
#include "lancea/util/memory_shares.h"
#include "lancea/write/one_pass.h"

namespace lancea {
namespace {

// What to set, by column of the table.
struct Assignments {
  std::vector<std::optional<SqlValue>> values;
  std::shared_ptr<arrow::Schema> rows;
  std::vector<uint32_t> changed_fields;  ///< with those inside them
};

arrow::Result<Assignments> MakeAssignments(const Schema& table,
                                           const std::map<std::string, std::string>& updates) {
  if (updates.empty()) return InvalidInput("No updates provided");
  Assignments out;
  ARROW_ASSIGN_OR_RAISE(out.rows, ToArrowAsRead(table));
  const auto evaluated = EvaluatedSchema(*out.rows);
  size_t num_found = 0;
  for (const Field& field : table.fields) {
    auto update = updates.find(field.name);
    if (update == updates.end()) {
      out.values.emplace_back();
      continue;
    }
    ++num_found;
    bool has_blobs = false;
    VisitFields(std::vector<Field>{field}, [&](const Field& f) {
      has_blobs |= IsBlob(f);
      out.changed_fields.push_back(static_cast<uint32_t>(f.id));
    });
    if (has_blobs) {
      return Unsupported("Direct updates to column '", field.name,
                         "' containing blob values are not supported");
    }
    auto value = SqlValue::Parse(update->second, evaluated);
    if (!value.ok()) return Prefix(value.status(), "column '" + field.name + "'");
    out.values.push_back(*std::move(value));
  }
  if (num_found == updates.size()) return out;
  for (const auto& [name, sql] : updates) {
    if (out.rows->GetFieldIndex(name) >= 0) continue;
    const size_t dot = name.find('.');
    if (dot != std::string::npos && out.rows->GetFieldIndex(name.substr(0, dot)) >= 0) {
      return InvalidInput("column '", name, "' is part of '", name.substr(0, dot),
                          "', which can be updated as a whole only");
    }
    std::string columns;
    for (const std::string& column : out.rows->field_names()) {
      columns += (columns.empty() ? "" : ", ") + column;
    }
    return InvalidInput("Column '", name, "' does not exist in dataset schema: ", columns);
  }
  return InvalidInput("a column of the table is there twice");
}

// New values of a column. An error names it.
arrow::Result<std::shared_ptr<arrow::Array>> Evaluate(const SqlValue& value,
                                                      const arrow::RecordBatch& rows,
                                                      const arrow::Field& column,
                                                      arrow::MemoryPool* pool) {
  auto values = value.Evaluate(rows, pool);
  if (values.ok()) values = Assign(*values, column.type(), pool);
  if (!values.ok()) return Prefix(values.status(), "column '" + column.name() + "'");
  return values;
}

// A literal that does not fit is refused even when no row has it set.
arrow::Status CheckLiterals(const Assignments& assignments, arrow::MemoryPool* pool) {
  const auto none = arrow::RecordBatch::Make(arrow::schema({}), 1, arrow::ArrayVector());
  for (size_t i = 0; i < assignments.values.size(); ++i) {
    const auto& value = assignments.values[i];
    if (!value || !value->Columns(1).empty()) continue;
    const auto column = assignments.rows->field(static_cast<int>(i));
    auto literal = Evaluate(*value, *none, *column, pool);
    if (!literal.ok()) return InvalidInput(literal.status().message());
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<UpdateResult> UpdateRows(const std::shared_ptr<const Dataset>& dataset,
                                       const std::map<std::string, std::string>& updates,
                                       const RowFilter& where, const ChangeOptions& options) {
  UpdateResult out;
  auto prepare = [&](const WriteContext& context) -> arrow::Result<PreparedChange> {
    const Dataset& table = *context.dataset;
    arrow::MemoryPool* pool = table.impl().memory_pool();
    ARROW_ASSIGN_OR_RAISE(Assignments set, MakeAssignments(table.lance_schema(), updates));
    ARROW_RETURN_NOT_OK(CheckLiterals(set, pool));
    const uint64_t memory = context.session->memory_limit();
    RowWriterOptions row_options;
    row_options.memory_limit = memory;
    ARROW_ASSIGN_OR_RAISE(auto writer, MakeRowWriter(context, options, row_options, *set.rows));
    ScanOptions scan;
    scan.with_row_id = table.has_stable_row_ids();
    scan.with_row_address = true;
    const MemoryShares shares(memory);
    scan.io_buffer_size = std::min(scan.io_buffer_size, shares.feed());
    scan.batch_size_bytes = shares.batch();
    scan.stop_token = options.stop;
    SetFilter(where, &scan);
    ARROW_ASSIGN_OR_RAISE(const auto scanned, ForOneScan(context));
    ARROW_ASSIGN_OR_RAISE(auto scanner, scanned->Scan(std::move(scan)));
    ARROW_ASSIGN_OR_RAISE(auto reader, scanner->ToReader());
    RowCollector moved;
    std::vector<uint64_t> row_ids;
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
      if (batch == nullptr) break;
      if (batch->num_rows() == 0) continue;
      const auto address_column = batch->GetColumnByName("_rowaddr");
      const auto& addresses = static_cast<const arrow::UInt64Array&>(*address_column);
      for (int64_t i = 0; i < addresses.length(); ++i) moved.Add(addresses.Value(i));
      if (table.has_stable_row_ids()) {
        const auto id_column = batch->GetColumnByName("_rowid");
        const auto& ids = static_cast<const arrow::UInt64Array&>(*id_column);
        row_ids.insert(row_ids.end(), ids.raw_values(), ids.raw_values() + ids.length());
      }
      arrow::ArrayVector columns;
      for (size_t i = 0; i < set.values.size(); ++i) {
        const auto column = static_cast<int>(i);
        std::shared_ptr<arrow::Array> values;
        if (set.values[i]) {
          ARROW_ASSIGN_OR_RAISE(values,
                                Evaluate(*set.values[i], *batch, *set.rows->field(column), pool));
        } else {
          ARROW_ASSIGN_OR_RAISE(
              values, AsWritten(*scanned, table.lance_schema().fields[i], batch->column(column),
                                {addresses.raw_values(), static_cast<size_t>(addresses.length())},
                                options.stop));
        }
        columns.push_back(std::move(values));
      }
      ARROW_RETURN_NOT_OK(
          writer->Write(arrow::RecordBatch::Make(set.rows, batch->num_rows(), std::move(columns))));
    }
    out.num_updated_rows = moved.num_rows();

    PreparedChange change;
    operation::Update update;
    ARROW_ASSIGN_OR_RAISE(update.new_fragments, writer->Complete());
    change.written.Add(std::move(writer));
    SetRowIds(row_ids, &update.new_fragments);
    auto affected = std::make_shared<const AffectedRows>(moved.Finish());
    ARROW_ASSIGN_OR_RAISE(DeletedRows deleted,
                          ApplyDeletions(context, *affected, options.stop, &change.written));
    update.updated_fragments = std::move(deleted.updated_fragments);
    update.removed_fragment_ids = std::move(deleted.removed_fragment_ids);
    update.changed_fields = std::move(set.changed_fields);
    change.affected_rows = std::move(affected);
    change.transaction = NewTransaction(context, options, std::move(update));
    return change;
  };
  ARROW_ASSIGN_OR_RAISE(CommittedChange committed, CommitWithRetries(dataset, options, prepare));
  out.dataset = std::move(committed.dataset);
  return out;
}

}  // namespace lancea
