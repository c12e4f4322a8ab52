// Rows on their way out of DuckDB: a statement's result -> Arrow batches, while the statement runs.
#pragma once

#include <memory>
#include <optional>
#include <thread>

#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "arrow/util/cancel.h"
#include "lancea/sql/handle.h"

namespace lancea::duckdb {

/// Interrupts what a connection runs as soon as a token asks for it. Costs a thread while it lives.
class InterruptOnStop {
 public:
  InterruptOnStop(Connection connection, arrow::StopToken stop);

 private:
  std::jthread watcher_;
};

/// A connection that runs one statement after the other.
class QueryReader : public arrow::RecordBatchReader {
 public:
  /// Run all statements of `sql` but the last to their end, and begin the last.
  /// \param engine  kept until the result is read
  static arrow::Result<std::shared_ptr<QueryReader>> Begin(std::shared_ptr<const void> engine,
                                                           ConnectionHandle connection,
                                                           const std::string& sql,
                                                           arrow::StopToken stop);
  ~QueryReader() override;

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override;

 private:
  QueryReader(std::shared_ptr<const void> engine, ConnectionHandle connection,
              arrow::StopToken stop);
  arrow::Status Run(const std::string& sql);
  arrow::Status Describe();
  arrow::Status FailureOr(const char* message) const;

  const std::shared_ptr<const void> engine_;
  const arrow::StopToken stop_;
  const ConnectionHandle connection_;
  std::optional<InterruptOnStop> interrupt_;
  PreparedHandle statement_;
  QueryResult result_ = {};
  ArrowOptionsHandle options_;
  std::shared_ptr<arrow::Schema> exported_;  // as DuckDB gives the rows
  std::shared_ptr<arrow::Schema> schema_;    // with sums of integers as integers
  bool at_end_ = false;
};

}  // namespace lancea::duckdb
