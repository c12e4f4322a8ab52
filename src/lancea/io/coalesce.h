// Few large reads instead of many small ones.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lancea/object_store.h"

namespace lancea {

/// Reads to issue, and where in them each wanted range lies.
struct CoalescedReads {
  struct Slice {
    size_t first_read = 0;  ///< index into reads
    size_t num_reads = 0;   ///< > 1 when the range was split by max_iop_size
    uint64_t offset = 0;    ///< of the range's first byte inside reads[first_read]
  };
  std::vector<ByteRange> reads;  ///< ascending, disjoint
  std::vector<Slice> slices;     ///< slices[i] belongs to ranges[i]
};

/// Merge ranges that overlap or lie at most `block_size` bytes apart; no read exceeds `max_iop_size` bytes
/// (0 counts as 1). A range is split only when it is longer than that or overlaps others that are.
/// Ranges may come in any order; offset + length of each must not wrap (see CheckRange).
CoalescedReads Coalesce(std::span<const ByteRange> ranges, uint64_t block_size,
                        uint64_t max_iop_size);

}  // namespace lancea
