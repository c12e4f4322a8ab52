// A sorted part of some rows in a temporary file, as an Arrow stream.
//
// The file has no name any more: it goes with its last descriptor.
#pragma once

#include <cstdint>
#include <memory>

#include "arrow/io/type_fwd.h"
#include "arrow/ipc/type_fwd.h"
#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// Written once, then read once. Not thread-safe.
class SortedRun {
 public:
  static arrow::Result<std::unique_ptr<SortedRun>> Make(
      const std::shared_ptr<arrow::Schema>& schema, arrow::MemoryPool* pool);
  ~SortedRun();

  /// Rows behind those before, in order.
  arrow::Status Add(const arrow::RecordBatch& rows);

  /// From now on it is read.
  arrow::Status Finish();

  /// The batches as they were added; nullptr behind the last.
  arrow::Status Next(std::shared_ptr<arrow::RecordBatch>* batch);

  uint64_t num_bytes() const { return static_cast<uint64_t>(num_bytes_); }
  uint64_t row_bytes() const { return num_rows_ == 0 ? 0 : num_bytes() / num_rows_; }

  /// How often its rows were merged.
  int level() const { return level_; }
  void set_level(int level) { level_ = level; }

 private:
  explicit SortedRun(arrow::MemoryPool* pool) : pool_(pool) {}
  arrow::MemoryPool* const pool_;
  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  std::shared_ptr<arrow::io::OutputStream> sink_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  std::shared_ptr<arrow::RecordBatchReader> reader_;
  int64_t num_bytes_ = 0;
  uint64_t num_rows_ = 0;
  int level_ = 0;
};

}  // namespace lancea
