// Conditions of a statement, moved to where its tables are scanned.
//
//   SELECT * FROM trips t JOIN cities USING (city) WHERE t.fare > 10 AND length(city) = 3
//   SELECT * FROM lance_scan('trips', filter := '`fare` > 10') AS t JOIN cities USING (city)
//   WHERE t.fare > 10 AND length(city) = 3
//
// DuckDB's C API gives a table function the columns that are used but no conditions, so the statement is
// rewritten: DuckDB parses it to JSON, and writes SQL of that again. The WHERE stays, hence a condition
// may be moved when every row it drops is dropped there too, and what is not understood is left alone.
// Not moved: conditions past outer joins, samples and positional joins, which would see other rows.
#pragma once

#include <string>

#include "lancea/sql/duckdb_api.h"
#include "lancea/sql/tables.h"

namespace lancea::duckdb {

/// The statements with conditions moved; `sql` itself when there is nothing to move, when it is not all
/// queries, or does not parse.
std::string PushDown(const std::string& sql, Connection connection, const Tables& tables);

}  // namespace lancea::duckdb
