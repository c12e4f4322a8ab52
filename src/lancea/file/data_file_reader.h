// One open data file of any version.
//
// Opening reads the footer and the two offset tables, nothing else: column metadata are parsed when a
// column is first asked for, so the cost follows the projected columns, not the table's width.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/encoding/column_info.h"
#include "lancea/encoding/field_reader.h"
#include "lancea/file/footer.h"
#include "lancea/object_store.h"
#include "lancea/schema.h"

namespace lancea {

namespace v0_1 {
class LegacyFile;
}
class CheckedReader;

/// How a data file is opened.
struct DataFileOptions {
  /// Verify what is read of files that have checksums (checksums.h).
  bool verify_checksums = DefaultVerifyChecksums();

  /// Options of a host that says whether it wants that.
  static DataFileOptions Of(bool verify) { return {verify && DefaultVerifyChecksums()}; }

  /// False when the environment variable LANCEA_VERIFY_CHECKSUMS is 0, read once.
  static bool DefaultVerifyChecksums();
};

/// Which column of the file stores which field; from the manifest's DataFile or the file's own schema.
struct FieldColumns {
  std::vector<int32_t> field_ids;
  std::vector<int32_t> column_indices;  ///< same length; -1: no column. Unused for legacy files.
};

/// Immutable; caches of parsed metadata are synchronised. Thread-safe.
class DataFileReader : public std::enable_shared_from_this<DataFileReader> {
 public:
  /// \param on_growth  called, from any thread, with memory_bytes() when that has grown noticeably
  static arrow::Result<std::shared_ptr<DataFileReader>> Open(
      std::shared_ptr<ObjectReader> object, std::function<void(uint64_t)> on_growth = nullptr,
      DataFileOptions options = {});
  ~DataFileReader();

  /// The bytes of the file, verified as they are read when it has checksums.
  const std::shared_ptr<ObjectReader>& object() const { return object_; }
  FileVersion version() const { return version_; }
  bool is_legacy() const { return version_.is_legacy(); }
  uint64_t num_rows() const { return num_rows_; }
  int32_t num_columns() const { return static_cast<int32_t>(footer_.num_columns); }
  const Footer& footer() const { return footer_; }
  const std::vector<ByteRange>& global_buffers() const { return global_buffers_; }
  int32_t num_global_buffers() const { return static_cast<int32_t>(global_buffers_.size()); }

  /// True when what is read is verified against checksums of the file's own.
  bool has_checksums() const { return checked_ != nullptr; }
  /// Verify the whole file; OK when it has no checksums.
  arrow::Status VerifyChecksums() const;

  /// The schema the file carries, without what only describes the file.
  arrow::Result<Schema> ReadSchema() const;
  /// The field-to-column map that follows from the file's own schema.
  arrow::Result<FieldColumns> OwnFieldColumns(const Schema& schema) const;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadGlobalBuffer(int32_t index) const;
  const v0_1::LegacyFile& legacy() const { return *legacy_; }

  /// The parsed metadata of one column; parsed once, then kept.
  arrow::Result<std::shared_ptr<const ColumnInfo>> Column(int32_t index) const;

  /// Where the metadata of one column are.
  arrow::Result<ByteRange> ColumnMetadataRange(int32_t index) const;

  /// A reader of one top-level field. Readers are kept, so page metadata loaded by one read serve the
  /// next; the result keeps the file open.
  /// \param field        children possibly pruned
  /// \param arrow_field  its Arrow form as read (ToArrowAsRead)
  arrow::Result<std::shared_ptr<const FieldReader>> MakeFieldReader(
      const Field& field, const std::shared_ptr<arrow::Field>& arrow_field,
      const FieldColumns& columns) const;

  /// Memory held by the parsed metadata of the file, its columns and pages, roughly.
  uint64_t memory_bytes() const { return memory_bytes_; }
  /// Count what a reader keeps with the file.
  void CountMemory(uint64_t bytes) const;

 private:
  struct KeptReader;
  explicit DataFileReader(std::shared_ptr<ObjectReader> object);
  arrow::Status Init(const DataFileOptions& options);
  arrow::Result<bool> InitChecksums();
  arrow::Status InPath(const arrow::Status& status, const std::string& what = "") const;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(ByteRange range) const;
  arrow::Result<std::vector<ByteRange>> ReadTable(uint64_t position, uint32_t entries,
                                                  const char* what) const;

  std::shared_ptr<ObjectReader> object_;
  std::shared_ptr<CheckedReader> checked_;  // the same object, when it has checksums
  FileVersion version_;
  Footer footer_;
  uint64_t num_rows_ = 0;
  std::vector<ByteRange> global_buffers_;
  std::shared_ptr<arrow::Buffer> column_table_;  // raw: parsed entry by entry
  // The last bytes of the file, read at once; empty for mapped files.
  uint64_t tail_offset_ = 0;
  std::shared_ptr<arrow::Buffer> tail_;
  std::unique_ptr<v0_1::LegacyFile> legacy_;
  std::function<void(uint64_t)> on_growth_;
  mutable std::atomic<uint64_t> memory_bytes_{sizeof(DataFileReader)};
  mutable std::atomic<uint64_t> told_bytes_{0};

  mutable std::mutex mutex_;
  mutable std::map<int32_t, std::shared_ptr<const ColumnInfo>> columns_;
  mutable uint64_t parsed_bytes_ = 0;  // of the metadata in columns_
  mutable std::map<std::string, std::shared_ptr<KeptReader>> readers_;
};

}  // namespace lancea
