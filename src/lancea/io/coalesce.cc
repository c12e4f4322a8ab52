#include "lancea/io/coalesce.h"

#include <algorithm>
#include <numeric>

namespace lancea {

CoalescedReads Coalesce(std::span<const ByteRange> ranges, uint64_t block_size,
                        uint64_t max_iop_size) {
  max_iop_size = std::max<uint64_t>(max_iop_size, 1);
  CoalescedReads out;
  out.slices.resize(ranges.size());
  std::vector<size_t> order(ranges.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return ranges[a].offset != ranges[b].offset ? ranges[a].offset < ranges[b].offset
                                                : ranges[a].length < ranges[b].length;
  });
  size_t at = 0;
  while (at < order.size()) {
    // One stretch of neighbours.
    const uint64_t begin = ranges[order[at]].offset;
    uint64_t end = begin + ranges[order[at]].length;
    size_t last = at + 1;
    for (; last < order.size(); ++last) {
      const ByteRange& next = ranges[order[last]];
      if (next.offset > end && next.offset - end > block_size) break;
      const uint64_t new_end = std::max(end, next.offset + next.length);
      // A neighbour that would only be cut off again begins a stretch of its own; one that overlaps must
      // stay, for reads to be disjoint.
      if (next.offset >= end && new_end - begin > max_iop_size) break;
      end = new_end;
    }
    // Cut it into reads of at most max_iop_size: a range longer than that, or many that overlap.
    const size_t first_read = out.reads.size();
    for (uint64_t offset = begin; offset < end || out.reads.size() == first_read;) {
      const uint64_t length = std::min(max_iop_size, end - offset);
      out.reads.push_back({offset, length});
      offset += length;
      if (length == 0) break;
    }
    for (; at < last; ++at) {
      const ByteRange& range = ranges[order[at]];
      const uint64_t from = (range.offset - begin) / max_iop_size;
      const uint64_t to =
          range.length == 0 ? from : (range.offset - begin + range.length - 1) / max_iop_size;
      const uint64_t in_stretch = std::min<uint64_t>(from, out.reads.size() - first_read - 1);
      out.slices[order[at]] = {
          .first_read = first_read + in_stretch,
          .num_reads = std::min<uint64_t>(to, out.reads.size() - first_read - 1) - in_stretch + 1,
          .offset = range.offset - out.reads[first_read + in_stretch].offset};
    }
  }
  return out;
}

}  // namespace lancea
