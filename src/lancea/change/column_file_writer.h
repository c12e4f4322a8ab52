// Writes a data file with new columns of one fragment.
//
// Rows come without the deleted ones; the file has a row for each physical row, so deleted rows get
// something: null where a column may be null, else a copy of a row beside them. Nobody reads it.
//
//   given            a    b         c
//   physical rows    0 1x 2 3x 4x   5      x: deleted
//   written          a -  b -  -    c      - : null, or the value before (behind at the very start)
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "arrow/util/cancel.h"
#include "lancea/fragment.h"
#include "lancea/schema.h"
#include "lancea/util/memory_shares.h"
#include "lancea/write/fragment_writer.h"
#include "lancea/write/write_context.h"

namespace lancea {

/// Not thread-safe. Dropped before Release it removes the file.
class ColumnFileWriter {
 public:
  /// \param schema  of the new columns, with ids
  /// \param rows    the schema of the batches
  /// \param shares  of the limit on memory
  static arrow::Result<std::unique_ptr<ColumnFileWriter>> Make(
      const WriteContext& context, const FragmentMetadata& fragment, const Schema& schema,
      const arrow::Schema& rows, const MemoryShares& shares, const arrow::StopToken& stop);

  arrow::Status Write(const std::shared_ptr<arrow::RecordBatch>& rows);

  /// Live rows not written yet.
  uint64_t num_rows_left() const { return num_live_rows_ - live_rows_; }

  /// \return InvalidInput when rows are missing
  arrow::Result<DataFile> Finish();

  /// The file stays from now on.
  void Release() { writer_->Release(); }

  /// What the finished file goes with until it is released.
  std::unique_ptr<FragmentWriter> TakeFile() { return std::move(writer_); }

 private:
  ColumnFileWriter() = default;
  arrow::Status WriteWithDeleted(const arrow::RecordBatch& rows);
  arrow::Status WritePiece(const arrow::RecordBatch& rows, const std::vector<int64_t>& source,
                           const std::vector<uint8_t>& is_live);

  std::unique_ptr<FragmentWriter> writer_;
  arrow::MemoryPool* pool_ = nullptr;
  std::vector<bool> can_be_null_;  ///< by column of the batches
  std::vector<RowRange> deleted_;  ///< ascending
  size_t next_deleted_ = 0;
  uint64_t physical_rows_ = 0, num_live_rows_ = 0;
  uint64_t physical_row_ = 0, live_rows_ = 0;  ///< written
  std::shared_ptr<arrow::RecordBatch> last_row_;
};

/// InvalidInput or Unsupported when this build cannot write columns of the table.
arrow::Status CheckColumnsWritable(const Dataset& dataset);

}  // namespace lancea
