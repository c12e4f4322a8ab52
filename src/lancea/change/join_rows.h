// The rows of a join's right side, found by number: in memory while they fit, else in a temporary file.
//
// The file is a Lance data file, which answers for single rows cheaply: {spill directory}/lancea-join-XXXXXX,
// unlinked as soon as it is open.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/file_reader.h"
#include "lancea/file_writer.h"

namespace lancea {

struct JoinMemory {
  uint64_t limit = UINT64_MAX;  ///< bytes of rows held
  std::string spill_directory;
  arrow::MemoryPool* pool = nullptr;
};

/// Rows are added, then finished, then taken. Taking is thread-safe.
class JoinRows {
 public:
  explicit JoinRows(JoinMemory memory) : memory_(std::move(memory)) {}
  ~JoinRows();

  /// \param rows  all of one schema
  arrow::Status Add(const std::shared_ptr<arrow::RecordBatch>& rows);
  arrow::Status Finish(const std::shared_ptr<arrow::Schema>& schema);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  bool is_spilled() const { return file_ != nullptr; }
  uint64_t row_bytes() const { return num_rows_ == 0 ? 0 : num_bytes_ / num_rows_; }

  /// Rows by number, of those added in order; -1 gives nulls.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Take(const std::vector<int64_t>& rows) const;

 private:
  std::shared_ptr<Session> OwnSession() const;
  arrow::Status BeginSpill(const arrow::Schema& schema);
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> TakeFromFile(
      const std::vector<int64_t>& rows) const;

  const JoinMemory memory_;
  std::shared_ptr<arrow::Schema> schema_;
  arrow::RecordBatchVector batches_;
  uint64_t num_bytes_ = 0, num_rows_ = 0;  // of all rows, wherever they are
  std::shared_ptr<arrow::Table> table_;
  std::string path_;  // of the file, until it is unlinked
  std::unique_ptr<FileWriter> writer_;
  std::shared_ptr<FileReader> file_;
};

}  // namespace lancea
