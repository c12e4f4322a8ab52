// Deletion vector: the deleted rows of one fragment.
//
//   _deletions/{fragment}-{read_version}-{id}.arrow   Arrow IPC file, one batch, one non-null
//   uint32
//                                                     column `row_id`; not sorted, may be
//                                                     compressed
//   _deletions/{fragment}-{read_version}-{id}.bin     32-bit Roaring bitmap, see roaring_bitmap.h
//
// A file lists every deleted row of its fragment, as physical offsets. In memory the vector is the
// ascending ranges of deleted rows, each with what rank and select need:
//
//   rows        0 1 2 3 4 5 6 7 8 9        deleted 2, 3 and 7
//   starts           2         7           first row of each range
//   ends                 4       8         row behind it
//   live_before      2         5           live rows before the range
//
//   live row 3 -> last range with live_before <= 3 is [2, 4): row 3 + (4 - 2) = 5
//
// Invariants: ranges do not touch; every row is below the fragment's physical rows; the number of
// rows is what the manifest says (0 there: unknown, in very old tables).
// Source: files written by pylance 0.10 to 14.0.2.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/fragment.h"
#include "lancea/io/row_range.h"
#include "lancea/object_store.h"
#include "lancea/table/roaring_bitmap.h"

namespace lancea {

/// The deleted rows of a fragment. Immutable, thread-safe. Memory: 12 bytes per range.
class DeletionVector {
 public:
  /// No row deleted.
  DeletionVector() = default;

  /// From ascending ranges with gaps between them.
  explicit DeletionVector(const std::vector<ValueRange>& deleted);

  uint64_t num_deleted() const { return num_deleted_; }

  /// The row behind the last deleted one; 0 when none is.
  uint64_t end() const { return last_rows_.empty() ? 0 : uint64_t{last_rows_.back()} + 1; }

  /// True if the physical row is deleted. O(log ranges).
  bool Contains(uint64_t row) const;

  /// Live rows before the physical row.
  uint64_t LiveRowsBefore(uint64_t row) const;

  /// The physical row of a live row: its offset among the rows not deleted. O(log ranges). The
  /// caller knows how many live rows there are.
  uint64_t LiveRowToPhysical(uint64_t live_row) const;

  /// LiveRowToPhysical for each row, in place. Ascending rows cost O(1) each.
  void LiveRowsToPhysical(std::span<uint64_t> rows) const;

  /// Append the live physical rows of `range`, as ascending ranges.
  void AppendLiveRanges(RowRange range, std::vector<RowRange>* out) const;

  /// Append the physical ranges of the live rows [live.start, live.end).
  void AppendPhysicalRanges(RowRange live, std::vector<RowRange>* out) const;

  /// The deleted ranges.
  std::vector<RowRange> DeletedRanges() const;

  /// Bytes this vector occupies, for the session cache.
  uint64_t num_bytes() const;

  bool operator==(const DeletionVector&) const = default;

 private:
  /// Index of the first range that ends behind `row`; the number of ranges if none does.
  size_t RangeEndingBehind(uint64_t row) const;

  uint64_t num_deleted_ = 0;
  std::vector<uint32_t> starts_;
  std::vector<uint32_t> last_rows_;  ///< ends - 1, so that 2^32 is never needed
  std::vector<uint32_t> live_before_;
};

/// Parse the bytes of a deletion file of `type`.
/// \return Corrupt when the bytes are not such a file
arrow::Result<DeletionVector> ParseDeletionFile(DeletionFile::Type type,
                                                std::shared_ptr<arrow::Buffer> bytes);

/// Read a deletion file and check it against the manifest.
/// \return Corrupt when rows lie outside the fragment or their number is not the manifest's
arrow::Result<std::shared_ptr<const DeletionVector>> ReadDeletionFile(
    ObjectReader& reader, const FragmentMetadata& fragment);

}  // namespace lancea
