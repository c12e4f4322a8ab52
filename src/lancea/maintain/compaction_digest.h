// Digests of columns: two streams of rows have equal digests when they hold the same values, however
// they are cut into batches, encoded as dictionaries, or filled in where they are null.
//
//   per level  number of rows, CRC32C of the positions of nulls, of the lengths of lists and texts, of
//              the bytes of the valid values
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/type_fwd.h"

namespace lancea {

/// Not thread-safe.
class ColumnDigest {
 public:
  /// \return Unsupported for types that data files do not have
  arrow::Status Append(const arrow::Array& rows);

  uint64_t num_rows() const { return num_rows_; }
  bool operator==(const ColumnDigest&) const = default;

 private:
  arrow::Status AppendValid(const arrow::Array& rows, int64_t start, int64_t count);
  arrow::Status AppendDictionary(const arrow::DictionaryArray& rows);
  void AppendNulls(uint64_t first, int64_t count);
  template <typename Offset>
  void AppendLengths(const Offset* offsets, int64_t count);
  ColumnDigest& Child(size_t index);

  uint64_t num_rows_ = 0;
  uint32_t nulls_ = 0, lengths_ = 0, values_ = 0;
  std::vector<ColumnDigest> children_;
};

/// The digests of all columns of a stream of batches.
class RowsDigest {
 public:
  /// \param cpu  digests columns side by side; nullptr: the calling thread alone
  explicit RowsDigest(arrow::internal::Executor* cpu) : cpu_(cpu) {}

  arrow::Status Append(const arrow::RecordBatch& batch);

  /// \return Corrupt naming the first column that differs
  arrow::Status CheckSame(const RowsDigest& other, const arrow::Schema& schema) const;

 private:
  arrow::internal::Executor* const cpu_;
  std::vector<ColumnDigest> columns_;
};

}  // namespace lancea
