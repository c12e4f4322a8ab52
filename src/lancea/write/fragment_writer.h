// Rows -> data files: one fragment per file, a new file when one is full.
//
// A file that is to end by its bytes gets at least so many rows that a column of it fills a page of the
// reference's writer, as its files do: smaller ones serve nobody.
//
// Every file is finished (durable, under its name) before the next begins. What fails, or is dropped
// before Finish, removes the files made so far: nothing refers to them yet.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "lancea/file/data_file_writer.h"
#include "lancea/fragment.h"
#include "lancea/object_store.h"
#include "lancea/schema.h"
#include "lancea/write.h"
#include "lancea/write/blob_v2_writer.h"

namespace lancea {

/// A directory that takes new data files.
struct FileTarget {
  std::shared_ptr<ObjectStore> store;
  std::string directory;
  std::optional<uint32_t> base_id;
};

struct FragmentWriterOptions {
  FileWriteOptions file;
  uint64_t max_rows_per_file = uint64_t{1} << 20;
  /// The first so many files take max_rows_per_file, those behind them one row less.
  uint64_t num_full_files = UINT64_MAX;
  uint64_t max_bytes_per_file = uint64_t{90} << 30;
  BlobWriteOptions blobs;
  std::function<arrow::Status(const WriteProgress&)> progress;
  std::function<arrow::Status(const FragmentMetadata&)> fragment_begun;
  std::function<arrow::Status(const FragmentMetadata&)> fragment_complete;
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

/// Not thread-safe.
class FragmentWriter {
 public:
  /// \param targets  take the files in turn; not empty
  /// \param schema   of the table, cut to the columns of the rows
  /// \param rows     the schema of the batches
  static arrow::Result<std::unique_ptr<FragmentWriter>> Make(std::vector<FileTarget> targets,
                                                             const Schema& schema,
                                                             const arrow::Schema& rows,
                                                             FragmentWriterOptions options);
  ~FragmentWriter();

  arrow::Status Write(const std::shared_ptr<arrow::RecordBatch>& batch);

  /// \return the fragments written, their ids 0: ids are given at commit
  arrow::Result<std::vector<FragmentMetadata>> Finish();

  /// Finish in two steps: the fragments are complete, but their files still go with the writer, until
  /// they are released.
  arrow::Result<std::vector<FragmentMetadata>> Complete();
  void Release() { finished_ = true; }

 private:
  struct WrittenPath {
    std::shared_ptr<ObjectStore> store;
    std::string path;
  };

  explicit FragmentWriter(FragmentWriterOptions options) : options_(std::move(options)) {}
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Convert(const arrow::RecordBatch& batch);
  uint64_t MaxRowsOfFile() const;
  arrow::Result<bool> IsFull();
  arrow::Status OpenFile();
  arrow::Status FinishFile();
  arrow::Status Report();
  void KeepSidecars();
  void RemoveFiles();

  FragmentWriterOptions options_;
  std::vector<FileTarget> targets_;
  Schema schema_;
  Schema file_schema_;
  bool has_blobs_ = false;
  std::shared_ptr<arrow::Schema> stored_schema_;
  std::vector<int> source_columns_;  ///< column of the batch for each stored one
  std::unique_ptr<DataFileWriter> file_;
  std::unique_ptr<BlobV2Writer> blobs_;
  DataFile data_file_;
  uint64_t rows_in_file_ = 0;
  std::vector<uint64_t> column_bytes_;  ///< given to each column of the file
  WriteProgress done_;
  std::vector<FragmentMetadata> fragments_;
  std::vector<WrittenPath> paths_;
  bool finished_ = false;
};

}  // namespace lancea
