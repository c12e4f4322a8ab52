// Data files joined page by page: the bytes of pages are copied, not decoded.
//
//   file A   | pages of A | descriptor ...        result   | pages of A | pages of B | descriptor ...
//   file B   | pages of B | descriptor ...
//
// Pages are the same but for where their buffers are and for the row they begin at (Page.priority), to
// which the rows of the files before are added. Files of 2.0 have a column without bytes for each struct;
// of its pages one is left, for all rows.
//
// What files have beside pages is not copied: files with global buffers of their own, column-level
// buffers, or values that lie outside of pages (blobs) cannot be joined.
// Source: file2.proto ColumnMetadata; files that pylance 14.0.2 joined.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/file/data_file_reader.h"
#include "lancea/file/data_file_writer.h"

namespace lancea {

struct PageCopyOptions {
  FileFormat format = FileFormat::k2_2;  ///< of all files, the result included
  bool checksums = true;
  uint64_t read_batch_bytes = uint64_t{16} << 20;  ///< read at once, or one page if that has more
  arrow::MemoryPool* pool = nullptr;               ///< nullptr: Arrow's
};

/// Dropped without Finish, and after an error, the object is aborted. Not thread-safe.
class PageCopier {
 public:
  /// \param schema  of every file and of the result
  static arrow::Result<std::unique_ptr<PageCopier>> Make(std::unique_ptr<ObjectWriter> object,
                                                         Schema schema,
                                                         const PageCopyOptions& options);
  ~PageCopier();

  /// Why a file cannot be joined with the one that is copied first; empty: it can.
  static arrow::Result<std::string> Obstacle(const DataFileReader& file,
                                             const DataFileReader& first, const Schema& schema,
                                             FileFormat format);

  /// Copy the pages of a file that has no Obstacle.
  arrow::Status Append(const DataFileReader& file);

  /// Write the metadata and make the file visible. Call once.
  arrow::Result<WrittenFile> Finish();

  uint64_t num_rows() const { return num_rows_; }
  uint64_t bytes_written() const { return output_.position(); }

  /// CRC32C of each column: the encodings, row counts and bytes of its pages.
  const std::vector<uint32_t>& column_digests() const { return digests_; }

  /// The same of a file that is read again.
  static arrow::Result<std::vector<uint32_t>> Digest(const DataFileReader& file,
                                                     uint64_t read_batch_bytes);

 private:
  class PageSource;
  PageCopier(std::unique_ptr<ObjectWriter> object, Schema schema, const PageCopyOptions& options);
  arrow::Status Begin(const DataFileReader& first);
  arrow::Status CopyColumn(const DataFileReader& file, const PageSource& source, int32_t index);

  const Schema schema_;
  const PageCopyOptions options_;
  FileOutput output_;
  struct Column {
    int32_t field_id = -1;
    EncodingBlob encoding;
    ColumnMetadataWriter pages;
    std::optional<EncodedPage> header;  // the only page of a struct's column in 2.0
  };
  std::vector<Column> columns_;
  std::vector<uint32_t> digests_;
  uint64_t num_rows_ = 0;
  bool finished_ = false;
};

}  // namespace lancea
