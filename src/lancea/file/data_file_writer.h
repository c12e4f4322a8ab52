// Writes one data file of version 2.0 to 2.3.
//
// Rows go to one FieldWriter per top-level field; the pages these cut are encoded on many threads and
// written in order, so the bytes of a file do not depend on threads. Memory is bounded: gathered rows by
// data_cache_bytes over all columns, pages on their way by max_waiting_bytes. What grows with the file
// are the metadata of its pages and 4 bytes of checksum for every 32 KiB.
//
//   pages and out-of-line values as they come | global buffers as they are added | file descriptor
//   | checksum buffer (checksums.h) | column metadata | tables | footer
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/type_fwd.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/field_writer.h"
#include "lancea/file/file_metadata_writer.h"
#include "lancea/file/file_output.h"
#include "lancea/file/ordered_pages.h"
#include "lancea/schema.h"
#include "lancea/util/memory_shares.h"

namespace lancea {

/// How a data file is written.
struct FileWriteOptions {
  FileFormat format = FileFormat::k2_2;
  /// Rows gathered before pages are cut, all columns together. Default: column_cache_bytes for each
  /// column, max_default_cache_bytes at most.
  std::optional<uint64_t> data_cache_bytes = std::nullopt;
  uint64_t column_cache_bytes = uint64_t{4} << 20;
  uint64_t max_default_cache_bytes = uint64_t{128} << 20;
  uint64_t max_page_bytes = uint64_t{32} << 20;
  /// Pages being encoded or waiting to be written, at most; one may always wait.
  uint64_t max_waiting_bytes = uint64_t{256} << 20;
  /// Keep small arrays that are given instead of copying them. Sparing the copy, but an array that came
  /// through the C data interface keeps all of its batch in memory.
  bool keep_original_array = false;
  bool checksums = true;
  /// What fields do not say themselves; its format is ignored.
  EncodingOptions encoding = {};
  uint64_t first_row = 0;                    ///< what messages call the file's first row
  arrow::MemoryPool* pool = nullptr;         ///< default: Arrow's
  arrow::internal::Executor* cpu = nullptr;  ///< encodes; nullptr: the calling thread alone
};

/// Have a writer keep to its shares of a limit on memory; what was asked for by name stays.
void KeepTo(const MemoryShares& shares, FileWriteOptions* options);

/// What a manifest's DataFile says of a file.
struct WrittenFile {
  uint64_t num_rows = 0;
  uint64_t size_bytes = 0;
  std::vector<int32_t> fields;
  std::vector<int32_t> column_indices;
  uint32_t major = 0, minor = 0;
};

/// Makes the writer of one top-level field.
using FieldWriterFactory = std::function<arrow::Result<std::unique_ptr<FieldWriter>>(
    const Field&, const std::shared_ptr<arrow::Field>&, const EncodingOptions&, const PageLimits&,
    OutOfLineWriter*, arrow::MemoryPool*)>;

/// The factory of a format's own writers.
FieldWriterFactory FieldWritersOf(FileFormat format);

/// After any error the object is aborted and every call gives that error again. Dropped without Finish it
/// aborts. Not thread-safe.
class DataFileWriter {
 public:
  /// \param schema  what the file stores, with ids
  /// \return InvalidInput for options that make no sense and what the format cannot store
  static arrow::Result<std::unique_ptr<DataFileWriter>> Make(std::unique_ptr<ObjectWriter> object,
                                                             Schema schema,
                                                             const FileWriteOptions& options);
  /// \param factory  in place of FieldWritersOf(options.format)
  static arrow::Result<std::unique_ptr<DataFileWriter>> Make(std::unique_ptr<ObjectWriter> object,
                                                             Schema schema,
                                                             const FileWriteOptions& options,
                                                             const FieldWriterFactory& factory);
  ~DataFileWriter();

  /// Take rows.
  /// \param batch  its columns are the schema's fields, as data files store them (ToArrow), in order
  /// \return InvalidInput naming column and row for a null in a field that is not nullable
  arrow::Status Write(const arrow::RecordBatch& batch);

  /// Store bytes of the caller's own. \return their index, from 1
  arrow::Result<uint32_t> AddGlobalBuffer(const std::shared_ptr<arrow::Buffer>& bytes);

  /// Takes values that lie outside of pages; for callers who store descriptions of them as rows. After an
  /// error the file is aborted as after any other.
  OutOfLineWriter& out_of_line();

  /// \return InvalidInput for the key of the checksums
  arrow::Status AddSchemaMetadata(const std::string& key, const std::string& value);

  /// Write what is left and make the file visible. Call once.
  arrow::Result<WrittenFile> Finish();

  /// Give the file up; nothing stays behind. Does nothing after Finish.
  arrow::Status Abort();

  uint64_t num_rows() const { return num_rows_; }
  /// Bytes in the object so far.
  uint64_t bytes_written() const { return output_.position(); }
  /// True when the pages made so far are so many bytes of the object. Waits for those still being encoded,
  /// but only if the answer depends on them: it does not depend on threads.
  arrow::Result<bool> HasWritten(uint64_t bytes);
  /// Bytes of memory that hold rows not yet made into pages.
  uint64_t buffered_bytes() const;
  const Schema& schema() const { return schema_; }

 private:
  class OutOfLine;
  struct TopField {
    std::shared_ptr<arrow::Field> arrow_field;
    std::unique_ptr<FieldWriter> writer;
    int first_column = 0;
  };

  DataFileWriter(std::unique_ptr<ObjectWriter> object, Schema schema,
                 const FileWriteOptions& options, PageLimits limits);
  arrow::Status Init(const FieldWriterFactory& factory);
  arrow::Status DoWrite(const arrow::RecordBatch& batch);
  arrow::Result<WrittenFile> DoFinish();
  arrow::Status AddPages(const TopField& field, std::vector<PendingPage> pages);
  arrow::Status WriteTail();
  // Abort on an error and remember it.
  arrow::Status Settle(arrow::Status status);

  Schema schema_;
  const FileWriteOptions options_;
  const PageLimits limits_;
  FileOutput output_;
  std::unique_ptr<OutOfLine> out_of_line_;
  std::vector<ColumnMetadataWriter> columns_;
  std::vector<TopField> fields_;
  std::vector<ByteRange> global_buffers_;  // without the descriptor
  uint64_t num_rows_ = 0;
  bool finished_ = false;
  arrow::Status failure_;
  std::unique_ptr<OrderedPages> pages_;  // last: its tasks end before anything else goes
};

}  // namespace lancea
