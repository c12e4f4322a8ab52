// Row id sequence: the stable row ids of a fragment's rows, in physical order.
//
// A sequence is a list of segments (u64_segment.h) laid end to end; its length is the fragment's
// physical row count. An id may also stand in another fragment's sequence, where its row was moved
// from and is deleted: whoever looks an id up asks the deletion vector too.
// Source: rowids.proto, table-format notes; sequences pylance 14.0.2 wrote.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/io/row_range.h"
#include "lancea/table/u64_segment.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// The row ids of one fragment. Immutable, thread-safe.
class RowIdSequence {
 public:
  /// Parse a serialized RowIdSequence.
  /// \return Corrupt when it does not parse, breaks a segment's invariant or has more than 2^32
  /// rows
  static arrow::Result<RowIdSequence> Parse(Bytes bytes);

  /// From ids in any order; ascending stretches take the smallest form.
  static RowIdSequence FromValues(std::vector<uint64_t> values);

  /// The ids start, start + 1 ..
  static RowIdSequence FromRange(uint64_t start, uint64_t end);

  /// The sequences laid end to end, e.g. of the fragments a compaction joins.
  static RowIdSequence Concatenate(const std::vector<RowIdSequence>& parts);

  /// The serialized RowIdSequence, as FragmentMetadata::row_ids holds it inline.
  std::string Serialize() const;

  /// The ids of rows [position, position + count); all exist.
  RowIdSequence Slice(uint64_t position, uint64_t count) const;

  /// The ids of the rows not deleted.
  /// \param deleted  ascending, disjoint ranges of physical rows
  RowIdSequence WithoutRows(const std::vector<RowRange>& deleted) const;

  uint64_t num_rows() const { return ends_.empty() ? 0 : ends_.back(); }
  /// Bounds of the ids, both included; of an empty sequence min > max.
  uint64_t min() const { return min_; }
  uint64_t max() const { return max_; }

  /// The id of the row at `position` < num_rows().
  uint64_t Get(uint64_t position) const;

  /// Write the ids of rows [position, position + count) to `out`; all exist.
  void Read(uint64_t position, uint64_t count, uint64_t* out) const;

  /// The row that has an id, or nothing.
  std::optional<uint64_t> Find(uint64_t row_id) const;

  const std::vector<U64Segment>& segments() const { return segments_; }
  uint64_t num_bytes() const;

 private:
  void Append(U64Segment segment);
  void AppendRows(const RowIdSequence& from, RowRange rows);
  void Finish();
  size_t SegmentOf(uint64_t position) const;

  std::vector<U64Segment> segments_;  ///< none is empty
  std::vector<uint64_t> ends_;        ///< position behind each segment
  uint64_t min_ = 1, max_ = 0;
  bool disjoint_ = true;  ///< the segments' bounds ascend without overlap, so Find can bisect
};

}  // namespace lancea
