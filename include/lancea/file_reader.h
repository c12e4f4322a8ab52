// One .lance data file by itself, without a table around it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/export.h"
#include "lancea/object_store.h"
#include "lancea/schema.h"
#include "lancea/session.h"

namespace lancea {

/// What column metadata say of one page.
struct LANCEA_EXPORT PageDescription {
  uint64_t num_rows = 0;
  std::string encoding;            ///< readable tree, e.g. "miniblock(fsst(variable(flat(32))))"
  std::vector<ByteRange> buffers;  ///< absolute in the file
  uint64_t num_bytes() const;
};

/// How a file divides into data, metadata and global buffers. All zero for legacy 0.1 files.
struct LANCEA_EXPORT FileLayout {
  uint64_t num_data_bytes = 0;
  uint64_t num_column_metadata_bytes = 0;
  uint64_t num_global_buffer_bytes = 0;
  std::vector<ByteRange> global_buffers;
};

/// What column metadata say of one column.
struct LANCEA_EXPORT ColumnDescription {
  int32_t field_id = -1;
  std::string name;  ///< dotted path of the field
  std::vector<PageDescription> pages;
  uint64_t num_bytes() const;
};

/// An open data file of any version. Immutable, thread-safe.
class LANCEA_EXPORT FileReader {
 public:
  /// \param columns  dotted names; nullopt: all
  /// \param storage_options  of the object store, as pylance names them
  static arrow::Result<std::shared_ptr<FileReader>> Open(
      const std::string& uri, std::optional<std::vector<std::string>> columns = std::nullopt,
      std::shared_ptr<Session> session = nullptr,
      const std::map<std::string, std::string>& storage_options = {});
  /// The same, of a store at hand. \param path  as the store names it
  static arrow::Result<std::shared_ptr<FileReader>> OpenIn(
      const std::shared_ptr<ObjectStore>& store, const std::string& path,
      std::optional<std::vector<std::string>> columns = std::nullopt,
      std::shared_ptr<Session> session = nullptr);
  ~FileReader();

  uint16_t major_version() const;
  uint16_t minor_version() const;
  uint64_t num_rows() const;
  uint64_t size_bytes() const;
  const Schema& lance_schema() const;
  const std::shared_ptr<arrow::Schema>& schema() const;  ///< of the projected columns

  FileLayout layout() const;
  int32_t num_global_buffers() const;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadGlobalBuffer(int32_t index) const;

  /// Parse and describe every column (all of them, whatever the projection).
  arrow::Result<std::vector<ColumnDescription>> DescribeColumns() const;

  /// Rows [start, start + num_rows) as a stream of batches.
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> ReadRange(uint64_t start,
                                                                     uint64_t num_rows,
                                                                     int64_t batch_size) const;
  /// The rows at `indices`, in that order, duplicates allowed, as a stream of batches.
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> TakeRows(
      const std::vector<uint64_t>& indices, int64_t batch_size) const;

 private:
  class Impl;
  explicit FileReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lancea
