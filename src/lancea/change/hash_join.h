// Rows found by key: the right side of a left join. The keys are held in memory, the rows while they fit.
//
// Keys are compared by their bits, a null key equals a null key, and of rows with equal keys the last one
// is found. Fixed-width keys of up to 8 bytes are gathered as u64; structs and lists become
// bytes (nested_keys.h); all others stay bytes of the array.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/cancel.h"
#include "lancea/change/join_rows.h"

namespace lancea {

/// Immutable, thread-safe. Memory: the keys, 16 to 32 bytes for each, and the rows up to a limit.
class HashJoin {
 public:
  /// \param on  the key column of `rows`
  /// \return InvalidInput when there are no rows, or the column's type cannot be a key
  static arrow::Result<std::unique_ptr<HashJoin>> Make(arrow::RecordBatchReader* rows,
                                                       const std::string& on,
                                                       const JoinMemory& memory,
                                                       const arrow::StopToken& stop);

  /// Of the rows without the key.
  const std::shared_ptr<arrow::Schema>& schema() const { return rows_.schema(); }

  /// The row with each key, or -1.
  /// \return InvalidInput when the keys are not of the type of those here
  arrow::Result<std::vector<int64_t>> Find(const std::shared_ptr<arrow::Array>& keys) const;

  /// Rows by number; -1 gives nulls.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Take(const std::vector<int64_t>& rows) const {
    return rows_.Take(rows);
  }
  bool is_spilled() const { return rows_.is_spilled(); }
  /// Of one row that is taken, about.
  uint64_t row_bytes() const { return rows_.row_bytes(); }

 private:
  class Keys;
  explicit HashJoin(const JoinMemory& memory) : pool_(memory.pool), rows_(memory) {}
  void Insert(int64_t row);

  arrow::MemoryPool* const pool_;
  JoinRows rows_;
  std::shared_ptr<const Keys> keys_;
  std::shared_ptr<arrow::DataType> key_type_;
  std::vector<int64_t> slots_;  ///< rows by hash, -1: free; a power of two
  int64_t null_row_ = -1;
};

}  // namespace lancea
