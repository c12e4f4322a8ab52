// Rows on their way into DuckDB: Arrow batches -> its data chunks.
//
// DuckDB converts Arrow itself, most of it without a copy. Every column goes alone: a chunk made of several
// lets only its first vector keep the batch alive. Types that DuckDB does not know are cast before: half
// and brain floats to float, decimals of 256 bits to 128 or text.
#pragma once

#include <memory>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "lancea/sql/handle.h"

namespace lancea::duckdb {

/// The type under which DuckDB sees values of `type`.
std::shared_ptr<arrow::DataType> ExchangedType(const std::shared_ptr<arrow::DataType>& type);

/// Columns of one schema. Immutable, thread-safe.
class ColumnExchange {
 public:
  /// \param connection  outlives this
  static arrow::Result<std::shared_ptr<const ColumnExchange>> Make(Connection connection,
                                                                   const arrow::Schema& schema);

  /// DuckDB's type of a column. \return InvalidInput if it has none for it
  arrow::Result<LogicalTypeHandle> Type(size_t column) const;

  /// Let vector `position` of `out` have the values of an array.
  arrow::Status Fill(size_t column, std::shared_ptr<arrow::Array> values, DataChunk out,
                     Index position) const;

 private:
  explicit ColumnExchange(Connection connection) : connection_(connection) {}
  arrow::Result<DataChunkHandle> Convert(size_t column, std::shared_ptr<arrow::Array> values) const;

  const Connection connection_;
  std::vector<std::shared_ptr<arrow::Schema>> schemas_;  // of one column each, as exchanged
  std::vector<ConvertedSchemaHandle> converted_;
};

}  // namespace lancea::duckdb
