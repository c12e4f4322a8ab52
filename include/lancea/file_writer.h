// Writing one .lance data file by itself, without a table around it; the counterpart of file_reader.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/export.h"
#include "lancea/schema.h"
#include "lancea/session.h"

namespace lancea {

/// How a file is written; what is absent has the default of tables.
struct LANCEA_EXPORT FileWriterOptions {
  /// "2.0" ... "2.3", "stable" or "next". Default: 2.2.
  std::optional<std::string> version;
  /// Prefer small files to fast writing; any reader of the version opens them.
  bool compact = false;
  bool checksums = true;
  std::optional<uint64_t> max_page_bytes;  ///< default 32 MiB
  std::optional<uint64_t>
      data_cache_bytes;              ///< rows gathered before pages are cut, all columns together
  bool keep_original_array = false;  ///< keep small arrays given instead of copying them
  bool use_threads = true;           ///< encode on the host's CPU executor too
  std::map<std::string, std::string> storage_options;
  std::shared_ptr<Session> session;  ///< default: Session::Default()
};

/// A file being written; nobody sees it before Finish. After an error, or when dropped without Finish,
/// nothing stays behind. Not thread-safe.
class LANCEA_EXPORT FileWriter {
 public:
  /// \param schema  nullptr: that of the first batch
  /// \return InvalidInput for types and options that cannot be had; Unsupported for blob v2 columns,
  ///   which need a table
  static arrow::Result<std::unique_ptr<FileWriter>> Open(
      const std::string& uri, const std::shared_ptr<arrow::Schema>& schema = nullptr,
      FileWriterOptions options = {});
  ~FileWriter();

  /// \return InvalidInput naming the difference when the columns are not those of the schema, and
  ///   column and row for a null in a field that is not nullable
  arrow::Status Write(const arrow::RecordBatch& batch);
  arrow::Status Write(const arrow::Table& table);

  /// Store bytes of the caller's own. \return their index, from 1
  arrow::Result<uint32_t> AddGlobalBuffer(const std::shared_ptr<arrow::Buffer>& bytes);
  /// Add a pair to the metadata of the file's schema.
  arrow::Status AddSchemaMetadata(const std::string& key, const std::string& value);

  /// Write what is left and make the file visible. Call once.
  /// \return rows in the file; InvalidInput when neither a schema nor rows were given
  arrow::Result<uint64_t> Finish();
  /// Of the finished file; 0 before.
  uint64_t size_bytes() const;
  /// Give the file up.
  arrow::Status Abort();

 private:
  class Impl;
  explicit FileWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lancea
