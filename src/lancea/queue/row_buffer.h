// The rows that were put and are not yet in the table, by number.
//
// A put of one record is a batch of one row. Sixty-four small batches in a row are made one, so neither
// memory nor a flush suffers from them; each row is copied once by that.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea::queue {

/// Not thread-safe.
class RowBuffer {
 public:
  explicit RowBuffer(uint64_t first_row = 0) : begin_(first_row), end_(first_row) {}

  uint64_t begin() const { return begin_; }  ///< number of the first row held
  uint64_t end() const { return end_; }      ///< number of the next row to come
  uint64_t num_rows() const { return end_ - begin_; }
  uint64_t num_bytes() const { return num_bytes_; }

  void Append(std::shared_ptr<arrow::RecordBatch> rows);
  /// Rows [begin, end), views.
  arrow::RecordBatchVector Slice(uint64_t begin, uint64_t end) const;
  void DropBefore(uint64_t row);
  /// Give every row the columns of `schema`: those there are cast, others null.
  arrow::Status Conform(const std::shared_ptr<arrow::Schema>& schema);

 private:
  struct Piece {
    std::shared_ptr<arrow::RecordBatch> rows;
    uint64_t first = 0;
    uint64_t bytes = 0;
  };
  void MergeSmall();
  size_t Find(uint64_t row) const;

  std::deque<Piece> pieces_;
  uint64_t begin_;
  uint64_t end_;
  uint64_t num_bytes_ = 0;
  size_t num_small_ = 0;  ///< pieces at the end of less than kSmallRows rows
};

/// What rows take, about.
uint64_t BytesOf(const arrow::RecordBatch& rows);

/// `rows` with the columns of `schema`: those of the same name cast when their type differs, others null.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> ConformBatch(
    const std::shared_ptr<arrow::RecordBatch>& rows, const std::shared_ptr<arrow::Schema>& schema);
arrow::Result<std::shared_ptr<arrow::Table>> ConformTable(
    const std::shared_ptr<arrow::Table>& rows, const std::shared_ptr<arrow::Schema>& schema);

}  // namespace lancea::queue
