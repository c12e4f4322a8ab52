// Row version sequence: for each row of a fragment, in physical order, the table version that
// created it or that last updated it.
//
// On disk it is runs {span, version}; only a span's number of values counts, which of them it holds
// does not (after compaction they are stale). Rows of a fragment without a sequence have version 1.
// Source: rowids.proto RowDatasetVersionSequence; pylance 14.0.2.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/io/row_range.h"
#include "lancea/table/roaring_bitmap.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// The versions of one fragment's rows. Immutable, thread-safe.
class RowVersionSequence {
 public:
  /// \return Corrupt when it does not parse or has more than 2^32 rows
  static arrow::Result<RowVersionSequence> Parse(Bytes bytes);

  /// From the values of a hidden version column.
  static RowVersionSequence FromValues(const std::vector<uint64_t>& versions);

  /// `num_rows` rows of one version.
  static RowVersionSequence Uniform(uint64_t num_rows, uint64_t version);

  /// The sequences laid end to end.
  static RowVersionSequence Concatenate(const std::vector<RowVersionSequence>& parts);

  /// The serialized RowDatasetVersionSequence, as a fragment holds it inline.
  std::string Serialize() const;

  /// The versions of rows [position, position + count); all exist.
  RowVersionSequence Slice(uint64_t position, uint64_t count) const;

  /// The versions of the rows not deleted.
  /// \param deleted  ascending, disjoint ranges of physical rows
  RowVersionSequence WithoutRows(const std::vector<RowRange>& deleted) const;

  /// The same rows, those at `offsets` (ascending) with another version.
  RowVersionSequence WithVersionAt(const std::vector<ValueRange>& offsets, uint64_t version) const;

  uint64_t num_rows() const { return ends_.empty() ? 0 : ends_.back(); }

  /// The version of the row at `position` < num_rows().
  uint64_t Get(uint64_t position) const;

  /// Write the versions of rows [position, position + count) to `out`; all exist.
  void Read(uint64_t position, uint64_t count, uint64_t* out) const;

  uint64_t num_bytes() const {
    return sizeof(*this) + (ends_.capacity() + versions_.capacity()) * 8;
  }

 private:
  void Append(uint64_t num_rows, uint64_t version);
  void AppendRows(const RowVersionSequence& from, uint64_t start, uint64_t end);

  std::vector<uint64_t> ends_;  ///< position behind each run; no run is empty
  std::vector<uint64_t> versions_;
};

}  // namespace lancea
