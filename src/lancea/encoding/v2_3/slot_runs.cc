#include "lancea/encoding/v2_3/slot_runs.h"

#include <algorithm>

namespace lancea::v2_3 {

std::vector<RowRange> Intersect(std::span<const RowRange> left, std::span<const RowRange> right) {
  std::vector<RowRange> out;
  for (size_t i = 0, j = 0; i < left.size() && j < right.size();) {
    AppendRange(&out, std::max(left[i].start, right[j].start), std::min(left[i].end, right[j].end));
    if (left[i].end < right[j].end) {
      ++i;
    } else {
      ++j;
    }
  }
  return out;
}

uint64_t TotalSize(std::span<const RowRange> ranges) {
  uint64_t total = 0;
  for (const RowRange& range : ranges) total += range.size();
  return total;
}

SlotRuns::SlotRuns(std::vector<RowRange> runs) : runs_(std::move(runs)) {
  ranks_.reserve(runs_.size() + 1);
  for (const RowRange& run : runs_) ranks_.push_back(ranks_.back() + run.size());
}

StoredSelection SlotRuns::Select(std::span<const RowRange> slot_ranges) const {
  StoredSelection out;
  uint64_t base = 0;
  auto run = runs_.begin();
  for (const RowRange& range : slot_ranges) {
    // The next range is often in the same run or the one behind it.
    if (run != runs_.end() && run->end <= range.start) {
      ++run;
      if (run != runs_.end() && run->end <= range.start) {
        run = std::partition_point(run, runs_.end(),
                                   [&](const RowRange& r) { return r.end <= range.start; });
      }
    }
    for (; run != runs_.end() && run->start < range.end; ++run) {
      const uint64_t begin = std::max(run->start, range.start);
      const uint64_t end = std::min(run->end, range.end);
      const uint64_t ordinal = ranks_[run - runs_.begin()] + (begin - run->start);
      AppendRange(&out.ordinals, ordinal, ordinal + (end - begin));
      AppendRange(&out.slots, begin, end);
      AppendRange(&out.targets, base + (begin - range.start), base + (end - range.start));
      if (run->end > range.end) break;
    }
    base += range.size();
  }
  return out;
}

}  // namespace lancea::v2_3
