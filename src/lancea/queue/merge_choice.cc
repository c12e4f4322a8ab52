#include "lancea/queue/merge_choice.h"

#include <algorithm>

namespace lancea::queue {
namespace {

uint64_t BytesOf(const FragmentMetadata& fragment) {
  uint64_t bytes = 0;
  for (const DataFile& file : fragment.files) bytes += file.file_size_bytes;
  return bytes;
}

}  // namespace

std::optional<MergeChoice> ChooseMerge(const std::vector<FragmentMetadata>& fragments,
                                       const MergeLimits& limits) {
  const uint32_t fanout = std::max<uint32_t>(limits.fanout, 2);
  uint64_t tier_rows = std::max<uint64_t>(limits.base_rows, 1);
  while (true) {
    tier_rows = std::min(limits.max_rows, tier_rows * fanout);
    // A run of this tier: rows below tier_rows each, and room for them in one fragment.
    size_t begin = 0;
    uint64_t rows = 0, bytes = 0;
    for (size_t i = 0; i < fragments.size(); ++i) {
      const uint64_t own_rows = fragments[i].num_rows(), own_bytes = BytesOf(fragments[i]);
      if (own_rows >= tier_rows || own_bytes * 2 > limits.max_bytes) {
        begin = i + 1;
        rows = bytes = 0;
        continue;
      }
      // Too much for one: the run goes on without its beginning, which then is left as it is.
      while (begin < i &&
             (rows + own_rows > limits.max_rows || bytes + own_bytes > limits.max_bytes)) {
        rows -= fragments[begin].num_rows();
        bytes -= BytesOf(fragments[begin]);
        ++begin;
      }
      rows += own_rows;
      bytes += own_bytes;
      const bool at_gap = i + 1 < fragments.size() && fragments[i + 1].id > fragments[i].id + 1;
      const bool worth = i + 1 - begin >= fanout || (rows >= tier_rows && i > begin);
      if (at_gap && worth) return MergeChoice{begin, i + 1, fragments[i].id + 1};
    }
    if (tier_rows >= limits.max_rows) return std::nullopt;
  }
}

bool WantsReservation(const std::vector<FragmentMetadata>& fragments, uint32_t fanout) {
  size_t since_gap = 1;
  for (size_t i = fragments.size(); i > 1; --i, ++since_gap) {
    if (fragments[i - 1].id > fragments[i - 2].id + 1) break;
  }
  return !fragments.empty() && since_gap >= std::max<uint32_t>(fanout, 2);
}

}  // namespace lancea::queue
