#include "lancea/sql/query_reader.h"

#include <chrono>
#include <vector>

#include "arrow/c/bridge.h"
#include "arrow/compute/cast.h"
#include "arrow/type.h"
#include "lancea/util/errors.h"

namespace lancea::duckdb {
namespace {

// How soon a stop is noticed: as soon as anybody would.
constexpr std::chrono::milliseconds kPollInterval{20};

}  // namespace

InterruptOnStop::InterruptOnStop(Connection connection, arrow::StopToken stop)
    : watcher_([connection, stop = std::move(stop)](const std::stop_token& done) {
        while (!done.stop_requested()) {
          // Again and again: an interrupt counts for what runs now, not for what begins next.
          if (stop.IsStopRequested()) Api::Get().interrupt(connection);
          std::this_thread::sleep_for(kPollInterval);
        }
      }) {}

QueryReader::QueryReader(std::shared_ptr<const void> engine, ConnectionHandle connection,
                         arrow::StopToken stop)
    : engine_(std::move(engine)), stop_(std::move(stop)), connection_(std::move(connection)) {}

QueryReader::~QueryReader() {
  interrupt_.reset();
  if (result_.internal_data != nullptr) Api::Get().destroy_result(&result_);
}

arrow::Result<std::shared_ptr<QueryReader>> QueryReader::Begin(std::shared_ptr<const void> engine,
                                                               ConnectionHandle connection,
                                                               const std::string& sql,
                                                               arrow::StopToken stop) {
  std::shared_ptr<QueryReader> out(
      new QueryReader(std::move(engine), std::move(connection), std::move(stop)));
  ARROW_RETURN_NOT_OK(out->Run(sql));
  ARROW_RETURN_NOT_OK(out->Describe());
  return out;
}

arrow::Status QueryReader::FailureOr(const char* message) const {
  ARROW_RETURN_NOT_OK(stop_.Poll());
  return InvalidInput(message == nullptr ? "DuckDB failed and does not say why" : message);
}

arrow::Status QueryReader::Run(const std::string& sql) {
  const Api& api = Api::Get();
  ARROW_RETURN_NOT_OK(stop_.Poll());
  interrupt_.emplace(connection_.get(), stop_);
  StatementsHandle statements;
  const Index count = api.extract_statements(connection_.get(), sql.c_str(), statements.out());
  if (count == 0) {
    const char* error = api.extract_statements_error(statements.get());
    return InvalidInput(error == nullptr ? "there is no statement" : error);
  }
  for (Index i = 0; i < count; ++i) {
    const bool is_last = i + 1 == count;
    PreparedHandle other;
    Prepared* statement = is_last ? statement_.out() : other.out();
    if (api.prepare_extracted_statement(connection_.get(), statements.get(), i, statement) !=
        State::kSuccess) {
      return FailureOr(api.prepare_error(*statement));
    }
    QueryResult other_result = {};
    QueryResult* result = is_last ? &result_ : &other_result;
    const State state = is_last ? api.execute_prepared_streaming(*statement, result)
                                : api.execute_prepared(*statement, result);
    const arrow::Status status =
        state == State::kSuccess ? arrow::Status::OK() : FailureOr(api.result_error(result));
    if (!is_last) api.destroy_result(&other_result);
    ARROW_RETURN_NOT_OK(status);
  }
  return arrow::Status::OK();
}

arrow::Status QueryReader::Describe() {
  const Api& api = Api::Get();
  *options_.out() = api.result_get_arrow_options(&result_);
  std::vector<LogicalTypeHandle> types;
  std::vector<LogicalType> borrowed;
  std::vector<const char*> names;
  for (Index i = 0; i < api.column_count(&result_); ++i) {
    types.emplace_back(api.column_logical_type(&result_, i));
    borrowed.push_back(types.back().get());
    names.push_back(api.column_name(&result_, i));
  }
  ArrowSchema exported = {};
  ARROW_RETURN_NOT_OK(ToStatus(
      api.to_arrow_schema(options_.get(), borrowed.data(), names.data(), names.size(), &exported),
      "the result as Arrow"));
  ARROW_ASSIGN_OR_RAISE(exported_, arrow::ImportSchema(&exported));
  arrow::FieldVector fields = exported_->fields();
  const auto hugeint = arrow::decimal128(38, 0);  // DuckDB's type of sums of integers
  for (auto& field : fields) {
    if (field->type()->Equals(*hugeint)) field = field->WithType(arrow::int64());
  }
  schema_ = arrow::schema(std::move(fields));
  return arrow::Status::OK();
}

arrow::Status QueryReader::ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) {
  const Api& api = Api::Get();
  batch->reset();
  if (at_end_) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(stop_.Poll());
  const DataChunkHandle chunk(api.fetch_chunk(result_));
  if (chunk.get() == nullptr || api.data_chunk_get_size(chunk.get()) == 0) {
    at_end_ = true;
    const char* error = api.result_error(&result_);
    return error == nullptr || *error == '\0' ? arrow::Status::OK() : FailureOr(error);
  }
  ArrowArray exported = {};
  ARROW_RETURN_NOT_OK(ToStatus(api.data_chunk_to_arrow(options_.get(), chunk.get(), &exported),
                               "the result as Arrow"));
  ARROW_ASSIGN_OR_RAISE(auto rows, arrow::ImportRecordBatch(&exported, exported_));
  arrow::ArrayVector columns = rows->columns();
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto& type = schema_->field(static_cast<int>(i))->type();
    if (type->Equals(*columns[i]->type())) continue;
    auto cast = arrow::compute::Cast(*columns[i], type);
    if (!cast.ok()) {
      return InvalidInput("column \"", schema_->field(static_cast<int>(i))->name(),
                          "\" exceeds 64 bits; cast it to DOUBLE or VARCHAR");
    }
    columns[i] = *std::move(cast);
  }
  *batch = arrow::RecordBatch::Make(schema_, rows->num_rows(), std::move(columns));
  return arrow::Status::OK();
}

}  // namespace lancea::duckdb
