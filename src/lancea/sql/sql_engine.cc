#include "arrow/memory_pool.h"
#include "lancea/exec/cut_batches.h"
#include "lancea/sql.h"
#include "lancea/sql/lance_scan.h"
#include "lancea/sql/push_down.h"
#include "lancea/sql/query_reader.h"
#include "lancea/util/errors.h"

namespace lancea {

using duckdb::Api;

class SqlEngine::Impl {
 public:
  explicit Impl(SqlOptions options_in)
      : options(std::move(options_in)), tables(std::make_shared<duckdb::Tables>(options.session)) {}

  arrow::Status Open() {
    const Api& api = Api::Get();
    duckdb::ConfigHandle config;
    api.create_config(config.out());
    if (options.threads.has_value()) {
      const std::string threads = std::to_string(*options.threads);
      if (api.set_config(config.get(), "threads", threads.c_str()) != duckdb::State::kSuccess) {
        return InvalidInput("DuckDB does not run with ", threads, " threads");
      }
    }
    char* error = nullptr;
    if (api.open_ext(options.database.empty() ? nullptr : options.database.c_str(), database.out(),
                     config.get(), &error) != duckdb::State::kSuccess) {
      const std::string why = error == nullptr ? "" : error;
      api.free(error);
      return InvalidInput("DuckDB cannot open \"", options.database, "\": ", why);
    }
    if (api.connect(database.get(), connection.out()) != duckdb::State::kSuccess) {
      return arrow::Status::UnknownError("DuckDB does not connect");
    }
    return duckdb::AddLanceScan(database.get(), connection.get(), tables);
  }

  const SqlOptions options;
  const std::shared_ptr<duckdb::Tables> tables;
  duckdb::DatabaseHandle database;
  duckdb::ConnectionHandle connection;  // of conversions, while statements have their own
};

SqlEngine::SqlEngine(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqlEngine::~SqlEngine() = default;

arrow::Result<std::shared_ptr<SqlEngine>> SqlEngine::Open(SqlOptions options) {
  if (options.batch_size <= 0) {
    return InvalidInput("batch_size must be positive, got ", options.batch_size);
  }
  ARROW_RETURN_NOT_OK(Api::Load(options.library));
  auto impl = std::make_shared<Impl>(std::move(options));
  ARROW_RETURN_NOT_OK(impl->Open());
  return std::shared_ptr<SqlEngine>(new SqlEngine(std::move(impl)));
}

void SqlEngine::Register(const std::string& name, std::shared_ptr<const Dataset> dataset) {
  impl_->tables->Register(name, std::move(dataset));
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> SqlEngine::Run(const std::string& sql,
                                                                        arrow::StopToken stop) {
  duckdb::ConnectionHandle connection;
  if (Api::Get().connect(impl_->database.get(), connection.out()) != duckdb::State::kSuccess) {
    return arrow::Status::UnknownError("DuckDB does not connect");
  }
  const std::string pushed = duckdb::PushDown(sql, connection.get(), *impl_->tables);
  ARROW_ASSIGN_OR_RAISE(
      auto rows, duckdb::QueryReader::Begin(impl_, std::move(connection), pushed, std::move(stop)));
  BatchCut cut;
  cut.num_rows = impl_->options.batch_size;
  return CutBatches(std::move(rows), cut, arrow::default_memory_pool());
}

std::vector<SqlScan> SqlEngine::TakeScans() { return impl_->tables->TakeScans(); }

std::string SqlEngine::version() const { return Api::Get().library_version(); }

}  // namespace lancea
