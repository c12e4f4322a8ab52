#include "lancea/dataset/scan_rows.h"

#include <algorithm>
#include <limits>

#include "lancea/util/errors.h"

namespace lancea {

arrow::Result<std::vector<FragmentSlice>> RowsOfScan(const Dataset::Impl& dataset,
                                                     const ScanOptions& options) {
  if (options.limit.has_value() && *options.limit < 0) {
    return InvalidInput("Limit must be non-negative, got ", *options.limit);
  }
  if (options.offset < 0) return InvalidInput("Offset must be non-negative, got ", options.offset);
  const auto& fragments = dataset.fragments();
  std::vector<size_t> order;
  if (options.fragment_ids.has_value()) {
    for (uint64_t id : *options.fragment_ids) {
      auto it = std::find_if(fragments.begin(), fragments.end(),
                             [&](const FragmentMetadata& fragment) { return fragment.id == id; });
      if (it == fragments.end()) return NotFound("fragment ", id, " does not exist");
      order.push_back(static_cast<size_t>(it - fragments.begin()));
    }
  } else {
    for (size_t i = 0; i < fragments.size(); ++i) order.push_back(i);
  }
  const bool limits_later = options.filter.has_value() || options.filter_expression != nullptr ||
                            !options.order_by.empty();
  uint64_t skip = limits_later ? 0 : static_cast<uint64_t>(options.offset);
  uint64_t left = options.limit.has_value() && !limits_later ? static_cast<uint64_t>(*options.limit)
                                                             : std::numeric_limits<uint64_t>::max();
  std::vector<FragmentSlice> out;
  for (size_t i : order) {
    if (left == 0) break;
    const uint64_t rows = options.include_deleted_rows
                              ? fragments[i].physical_rows
                              : dataset.live_offsets[i + 1] - dataset.live_offsets[i];
    if (skip >= rows) {
      skip -= rows;
      continue;
    }
    const uint64_t count = std::min(rows - skip, left);
    out.push_back({i, {skip, skip + count}});
    left -= count;
    skip = 0;
  }
  return out;
}

arrow::Result<std::vector<RowRange>> PhysicalRows(const Dataset::Impl& dataset,
                                                  const FragmentSlice& slice,
                                                  bool include_deleted) {
  std::vector<RowRange> out;
  if (slice.rows.size() == 0) return out;
  if (slice.named != nullptr) {
    uint64_t before = 0;
    for (const RowRange& range : *slice.named) {
      const uint64_t begin = std::max(slice.rows.start, before);
      const uint64_t end = std::min(slice.rows.end, before + range.size());
      if (begin < end) {
        out.push_back({range.start + (begin - before), range.start + (end - before)});
      }
      before += range.size();
    }
    return out;
  }
  if (!include_deleted) {
    ARROW_ASSIGN_OR_RAISE(auto deletions, dataset.Deletions(dataset.fragments()[slice.fragment]));
    if (deletions != nullptr) {
      deletions->AppendPhysicalRanges(slice.rows, &out);
      return out;
    }
  }
  out.push_back(slice.rows);
  return out;
}

}  // namespace lancea
