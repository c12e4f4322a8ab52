#include "lancea/sql/lance_scan.h"

#include <algorithm>
#include <mutex>

#include "arrow/array/array_base.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/schema/projection.h"
#include "lancea/sql/exchange.h"
#include "lancea/sql/handle.h"
#include "lancea/util/errors.h"

namespace lancea::duckdb {
namespace {

constexpr const char* kName = "lance_scan";
// Who converts batches; decoding has its own threads.
constexpr Index kMaxThreads = 4;

// What the function's callbacks share, for all statements.
struct Shared {
  Connection connection;
  std::shared_ptr<Tables> tables;
};

// One use of the function in a statement: what it was told.
struct Bound {
  std::string uri;
  std::shared_ptr<const Dataset> dataset;
  ScanOptions options;
  std::shared_ptr<arrow::Schema> schema;  // all columns
  std::shared_ptr<const ColumnExchange> exchange;
};

// One run of it: rows that several threads take.
struct Scan {
  std::vector<int>
      columns;  // of Bound::schema for each vector of a chunk; -1: rows are only counted
  std::mutex mutex;
  std::shared_ptr<arrow::RecordBatchReader> reader;
};

// What one thread has taken and not yet given out.
struct Taken {
  std::shared_ptr<arrow::RecordBatch> batch;
  int64_t next_row = 0;
};

template <typename T>
void DeleteAs(void* object) {
  delete static_cast<T*>(object);
}

// A function's argument.
class Argument {
 public:
  explicit Argument(Value value) : value_(value) {}
  bool is_given() const {
    return value_.get() != nullptr && !Api::Get().is_null_value(value_.get());
  }
  std::string text() const {
    if (!is_given()) return "";
    char* text = Api::Get().get_varchar(value_.get());
    std::string out(text == nullptr ? "" : text);
    Api::Get().free(text);
    return out;
  }
  bool is_true() const { return is_given() && Api::Get().get_bool(value_.get()); }

 private:
  const ValueHandle value_;
};

arrow::Status BindScan(const Shared& shared, BindInfo info) {
  const Api& api = Api::Get();
  auto named = [&](const char* name) { return Argument(api.bind_get_named_parameter(info, name)); };
  auto bound = std::make_unique<Bound>();
  bound->uri = Argument(api.bind_get_parameter(info, 0)).text();
  ARROW_ASSIGN_OR_RAISE(bound->dataset, shared.tables->Open(bound->uri, named("version").text()));
  bound->options.with_row_id = named("with_row_id").is_true();
  bound->options.with_row_address = named("with_row_address").is_true();
  ARROW_ASSIGN_OR_RAISE(const auto all, bound->dataset->Scan(bound->options));
  bound->schema = all->schema();
  // Planned once now, so that what is wrong with the filter is said by the statement's beginning.
  if (const Argument filter = named("filter"); filter.is_given()) {
    bound->options.filter = filter.text();
    ARROW_RETURN_NOT_OK(bound->dataset->Scan(bound->options).status());
  }
  ARROW_ASSIGN_OR_RAISE(bound->exchange, ColumnExchange::Make(shared.connection, *bound->schema));
  for (int i = 0; i < bound->schema->num_fields(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const LogicalTypeHandle type,
                          bound->exchange->Type(static_cast<size_t>(i)));
    api.bind_add_result_column(info, bound->schema->field(i)->name().c_str(), type.get());
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, bound->dataset->CountRows());
  api.bind_set_cardinality(info, static_cast<Index>(rows), !bound->options.filter.has_value());
  api.bind_set_bind_data(info, bound.release(), DeleteAs<Bound>);
  return arrow::Status::OK();
}

arrow::Status InitScan(const Shared& shared, InitInfo info) {
  const Api& api = Api::Get();
  const auto& bound = *static_cast<const Bound*>(api.init_get_bind_data(info));
  auto scan = std::make_unique<Scan>();
  ScanOptions options = bound.options;
  options.columns.emplace();
  options.with_row_id = options.with_row_address = false;
  SqlScan told;
  told.uri = bound.uri;
  told.filter = options.filter.value_or("");
  const auto num_columns = static_cast<Index>(bound.schema->num_fields());
  for (Index i = 0; i < api.init_get_column_count(info); ++i) {
    const Index column = api.init_get_column_index(info, i);
    if (column >= num_columns) {
      scan->columns.push_back(-1);
      continue;
    }
    const std::string& name = bound.schema->field(static_cast<int>(column))->name();
    options.columns->push_back(FormatFieldPath({&name, 1}));
    told.columns.push_back(name);
    scan->columns.push_back(static_cast<int>(column));
  }
  if (options.columns->empty()) options.with_row_id = true;  // which costs nothing to read
  options.counters = shared.tables->Begin(std::move(told));
  ARROW_ASSIGN_OR_RAISE(auto scanner, bound.dataset->Scan(std::move(options)));
  ARROW_ASSIGN_OR_RAISE(scan->reader, scanner->ToReader());
  api.init_set_max_threads(info, kMaxThreads);
  api.init_set_init_data(info, scan.release(), DeleteAs<Scan>);
  return arrow::Status::OK();
}

arrow::Status NextChunk(FunctionInfo info, DataChunk out) {
  const Api& api = Api::Get();
  const auto& bound = *static_cast<const Bound*>(api.function_get_bind_data(info));
  auto& scan = *static_cast<Scan*>(api.function_get_init_data(info));
  auto& taken = *static_cast<Taken*>(api.function_get_local_init_data(info));
  while (taken.batch == nullptr || taken.next_row == taken.batch->num_rows()) {
    std::lock_guard<std::mutex> lock(scan.mutex);
    ARROW_RETURN_NOT_OK(scan.reader->ReadNext(&taken.batch));
    taken.next_row = 0;
    if (taken.batch == nullptr) {
      api.data_chunk_set_size(out, 0);
      return arrow::Status::OK();
    }
  }
  const int64_t num_rows =
      std::min(static_cast<int64_t>(api.vector_size()), taken.batch->num_rows() - taken.next_row);
  int input = 0;
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    if (scan.columns[i] < 0) continue;
    auto values = taken.batch->column(input++)->Slice(taken.next_row, num_rows);
    ARROW_RETURN_NOT_OK(
        bound.exchange->Fill(static_cast<size_t>(scan.columns[i]), std::move(values), out, i));
  }
  taken.next_row += num_rows;
  api.data_chunk_set_size(out, static_cast<Index>(num_rows));
  return arrow::Status::OK();
}

// The callbacks as DuckDB wants them.

void OnBind(BindInfo info) {
  const Api& api = Api::Get();
  const auto& shared = *static_cast<const Shared*>(api.bind_get_extra_info(info));
  const arrow::Status status = BindScan(shared, info);
  if (!status.ok()) api.bind_set_error(info, status.message().c_str());
}

void OnInit(InitInfo info) {
  const Api& api = Api::Get();
  const auto& shared = *static_cast<const Shared*>(api.init_get_extra_info(info));
  const arrow::Status status = InitScan(shared, info);
  if (!status.ok()) api.init_set_error(info, status.message().c_str());
}

void OnThreadInit(InitInfo info) {
  Api::Get().init_set_init_data(info, new Taken, DeleteAs<Taken>);
}

void OnNextChunk(FunctionInfo info, DataChunk out) {
  const arrow::Status status = NextChunk(info, out);
  if (!status.ok()) Api::Get().function_set_error(info, status.message().c_str());
}

void OnUnknownTable(ReplacementInfo info, const char* name, void* data) {
  if (!static_cast<const Shared*>(data)->tables->Has(name)) return;
  const Api& api = Api::Get();
  const ValueHandle uri(api.create_varchar(name));
  api.replacement_scan_set_function_name(info, kName);
  api.replacement_scan_add_parameter(info, uri.get());
}

}  // namespace

arrow::Status AddLanceScan(Database database, Connection connection,
                           const std::shared_ptr<Tables>& tables) {
  const Api& api = Api::Get();
  const TableFunctionHandle function(api.create_table_function());
  const LogicalTypeHandle text(api.create_logical_type(TypeId::kVarchar));
  const LogicalTypeHandle boolean(api.create_logical_type(TypeId::kBoolean));
  const LogicalTypeHandle any(api.create_logical_type(TypeId::kAny));
  api.table_function_set_name(function.get(), kName);
  api.table_function_add_parameter(function.get(), text.get());
  api.table_function_add_named_parameter(function.get(), "version", any.get());
  api.table_function_add_named_parameter(function.get(), "filter", text.get());
  api.table_function_add_named_parameter(function.get(), "with_row_id", boolean.get());
  api.table_function_add_named_parameter(function.get(), "with_row_address", boolean.get());
  api.table_function_set_extra_info(function.get(), new Shared{connection, tables},
                                    DeleteAs<Shared>);
  api.table_function_set_bind(function.get(), OnBind);
  api.table_function_set_init(function.get(), OnInit);
  api.table_function_set_local_init(function.get(), OnThreadInit);
  api.table_function_set_function(function.get(), OnNextChunk);
  api.table_function_supports_projection_pushdown(function.get(), true);
  if (api.register_table_function(connection, function.get()) != State::kSuccess) {
    return arrow::Status::UnknownError("DuckDB does not take the table function ", kName);
  }
  api.add_replacement_scan(database, OnUnknownTable, new Shared{connection, tables},
                           DeleteAs<Shared>);
  return arrow::Status::OK();
}

}  // namespace lancea::duckdb
