// The container of a legacy 0.1 file.
//
//   pages ...                  one per field and batch
//   page table                 i64 (position, length) x batches x field ids smallest..largest, field-major
//   u32 size, Manifest         only its schema matters: it alone knows where dictionaries lie
//   statistics ...             of some fields: pages of their own, see page_statistics.h
//   u32 size, Metadata         where manifest and page table start, the first row of every batch
//   u64 position of Metadata, u16 major 0, u16 minor 1 or 2, "LANC"
//
// A batch is a row group: max_rows_per_group rows of every field. `length` counts values (of a list: its
// lists); fields without pages (structs, ids that other files hold) have (0, 0).
// Source: file.proto Metadata; the order of fields in the page table is what pylance 14.0.2 writes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/result.h"
#include "lancea/object_store.h"
#include "lancea/schema.h"
#include "lancea/util/byte_reader.h"

namespace lancea::v0_1 {

struct Page {
  uint64_t position = 0;  ///< absolute, bytes
  uint64_t length = 0;    ///< values
};

/// Immutable, thread-safe.
class LegacyFile {
 public:
  static arrow::Result<std::unique_ptr<LegacyFile>> Open(std::shared_ptr<ObjectReader> object);

  uint64_t num_rows() const { return batch_starts_.back(); }
  size_t num_batches() const { return batch_starts_.size() - 1; }
  /// First row of every batch, then num_rows().
  const std::vector<uint64_t>& batch_starts() const { return batch_starts_; }
  const Schema& schema() const { return schema_; }
  ObjectReader& object() const { return *object_; }
  uint64_t file_size() const { return object_->size(); }

  /// \return Corrupt when the file has no page for the field
  arrow::Result<Page> PageOf(int32_t field_id, size_t batch) const;

  /// The fields of the statistics: of each field that has some a struct named by its id; empty when none has.
  const Schema& statistics_schema() const { return statistics_schema_; }

  /// The page of one field of the statistics, a value for each batch.
  arrow::Result<Page> StatisticsPageOf(int32_t statistics_field_id) const;

  /// `count` entries of `width` bytes from `position` on.
  /// \return Corrupt when they do not lie inside the file
  arrow::Result<ByteRange> RangeOf(uint64_t position, uint64_t count, uint64_t width) const;

 private:
  explicit LegacyFile(std::shared_ptr<ObjectReader> object) : object_(std::move(object)) {}
  arrow::Status Init();
  arrow::Status InitPageTable(uint64_t position);
  // The message behind a u32 size at `position`.
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadMessage(uint64_t position,
                                                            const char* what) const;

  std::shared_ptr<ObjectReader> object_;
  std::vector<uint64_t> batch_starts_;
  Schema schema_;
  int64_t first_field_id_ = 0;
  int64_t num_field_ids_ = 0;
  std::shared_ptr<arrow::Buffer> page_table_;
  Schema statistics_schema_;
  int32_t first_statistics_id_ = 0;
  int32_t num_statistics_ids_ = 0;
  uint64_t statistics_position_ = 0;
};

}  // namespace lancea::v0_1
