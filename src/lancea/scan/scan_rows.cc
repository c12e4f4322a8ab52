#include "lancea/scan/scan_rows.h"

#include <algorithm>

#include "lancea/util/errors.h"

namespace lancea {

arrow::Result<std::vector<FragmentSlice>> RowsOfScan(const Dataset::Impl& dataset,
                                                     const ScanOptions& options) {
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
  std::vector<FragmentSlice> out;
  for (size_t i : order) {
    const uint64_t rows = options.include_deleted_rows
                              ? fragments[i].physical_rows
                              : dataset.live_offsets[i + 1] - dataset.live_offsets[i];
    if (rows > 0) out.push_back({i, {0, rows}});
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
