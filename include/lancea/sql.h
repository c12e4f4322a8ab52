// SQL statements over Lance tables, run by DuckDB: joins, aggregates, windows, everything it knows.
//
// DuckDB is not part of Lancea. Its library is looked for when an engine is opened: the path given, then
// LANCEA_DUCKDB_LIBRARY, then libduckdb where the system and common installers put it.
//
//   SELECT city, count(*) FROM lance_scan('trips.lance', version := 3) WHERE fare > 10 GROUP BY city
//   SELECT * FROM 'trips.lance' t JOIN cities USING (city)
//
// Only the columns a statement uses are read, and its simple conditions (columns compared with literals)
// are asked by our scan, before rows reach DuckDB.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/cancel.h"
#include "lancea/export.h"
#include "lancea/metrics.h"

namespace lancea {

class Dataset;
class Session;

struct LANCEA_EXPORT SqlOptions {
  std::string library;               ///< path of DuckDB's library; empty: looked for
  std::string database;              ///< a DuckDB database file; empty: one in memory
  std::optional<uint64_t> threads;   ///< of DuckDB; nullopt: one per core
  int64_t batch_size = 8192;         ///< rows of a batch of results
  std::shared_ptr<Session> session;  ///< of tables named by URI; nullptr: Session::Default()
};

/// What one scan of a table did for a statement.
struct SqlScan {
  std::string uri;
  std::vector<std::string> columns;  ///< that were asked for
  std::string filter;                ///< that was asked before rows reached DuckDB; empty: none
  uint64_t rows_scanned = 0;
  uint64_t rows_selected = 0;  ///< rows that reached DuckDB
  IoStatistics io;
};

/// DuckDB with `lance_scan` in it. Thread-safe; what statements create lives as long as the engine.
///
///   lance_scan(uri, version := number or tag, filter := SQL as in ScanOptions, with_row_id := bool,
///              with_row_address := bool)
///
/// A table that is named in FROM and that DuckDB does not have is a registered one, or one at that path.
class LANCEA_EXPORT SqlEngine {
 public:
  /// \return NotFound, with where it was looked for, when there is no DuckDB; Unsupported when it is older
  ///   than 1.4
  static arrow::Result<std::shared_ptr<SqlEngine>> Open(SqlOptions options = {});
  ~SqlEngine();

  /// Let statements name `dataset`, in FROM and in lance_scan. Replaces what had the name.
  void Register(const std::string& name, std::shared_ptr<const Dataset> dataset);

  /// Run statements, separated by semicolons.
  /// \return the rows of the last one, as a stream that runs it while it is read
  /// \return InvalidInput with DuckDB's message for what it does not understand, or fails at
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Run(
      const std::string& sql, arrow::StopToken stop = arrow::StopToken::Unstoppable());

  /// What all scans did that were begun since the last call.
  std::vector<SqlScan> TakeScans();

  /// Of DuckDB: "v1.5.6".
  std::string version() const;

  class Impl;

 private:
  explicit SqlEngine(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace lancea
