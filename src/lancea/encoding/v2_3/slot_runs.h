// Which leaf slots have a value stored, as runs, and where in the stored order.
//
// Zipped values of a sparse page are stored only for slots that are valid in every layer, back to
// back in slot order. Example: 10 slots, 2 3 4 and 8 stored: runs [2, 5) [8, 9), ranks 0 3 4; slot
// 8 is stored value 3.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lancea/io/row_range.h"

namespace lancea::v2_3 {

/// Append [start, end), merging it with the last range when they touch; empty ranges vanish.
inline void AppendRange(std::vector<RowRange>* ranges, uint64_t start, uint64_t end) {
  if (start >= end) return;
  if (!ranges->empty() && ranges->back().end == start) {
    ranges->back().end = end;
  } else {
    ranges->push_back({start, end});
  }
}

/// What is in both; inputs and result ascending and disjoint.
std::vector<RowRange> Intersect(std::span<const RowRange> left, std::span<const RowRange> right);

uint64_t TotalSize(std::span<const RowRange> ranges);

/// Where the stored values of some slots lie, and where they go.
struct StoredSelection {
  std::vector<RowRange> ordinals;  ///< of stored values, ascending, disjoint, merged
  std::vector<RowRange> slots;     ///< the slots they belong to in the page, likewise
  /// Slots of the output that they fill, counted over the selected slots from 0; same total size.
  std::vector<RowRange> targets;
};

/// Immutable, thread-safe.
class SlotRuns {
 public:
  SlotRuns() = default;
  /// \param runs  ascending, disjoint, non-empty
  explicit SlotRuns(std::vector<RowRange> runs);

  uint64_t num_stored() const { return ranks_.back(); }
  uint64_t memory_bytes() const { return runs_.size() * sizeof(RowRange) + ranks_.size() * 8; }

  /// \param slot_ranges  ascending, disjoint
  StoredSelection Select(std::span<const RowRange> slot_ranges) const;

 private:
  std::vector<RowRange> runs_;
  std::vector<uint64_t> ranks_{0};  // stored values before run i; one more than runs
};

}  // namespace lancea::v2_3
