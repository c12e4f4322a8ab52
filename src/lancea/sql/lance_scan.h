// The table function `lance_scan`: DuckDB asks for columns, our scan reads those.
//
// A filter arrives as an argument, since DuckDB's C API has no other way; push_down.h writes it there.
#pragma once

#include <memory>

#include "arrow/status.h"
#include "lancea/sql/duckdb_api.h"
#include "lancea/sql/tables.h"

namespace lancea::duckdb {

/// Register it, and let names that DuckDB does not know mean it where `tables` has them.
/// \param connection  outlives the database's statements
arrow::Status AddLanceScan(Database database, Connection connection,
                           const std::shared_ptr<Tables>& tables);

}  // namespace lancea::duckdb
