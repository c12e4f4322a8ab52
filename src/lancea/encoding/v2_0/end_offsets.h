// End offsets with nulls folded in, as lists and binaries of 2.0 store them.
//
//   rows      [a, b] [] null [c]        adjustment = total + 1 = 4
//   stored    2      2  6    3          u64 each: end of the row; a null row has the adjustment added
//
// Row i spans [end(i - 1), end(i)) with end(-1) = 0. To read rows [s, e) the entries [s - 1, e) are
// needed; entries of several row ranges are read as one ascending list of entry ranges.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/v2_0/array_decoder.h"

namespace lancea::v2_0 {

/// The entries to read for `ranges`; touching ranges become one.
std::vector<RowRange> EntryRanges(std::span<const RowRange> ranges);

/// Rows as Arrow has them.
struct RowExtents {
  std::shared_ptr<arrow::Buffer> offsets;   ///< rows + 1 offsets from 0 on
  std::shared_ptr<arrow::Buffer> validity;  ///< nullptr: all valid
  int64_t null_count = 0;
  std::vector<RowRange> stored;  ///< what the rows span, ascending, empty and touching ones merged
  uint64_t total = 0;            ///< sum of `stored`: the last offset
};

/// \param ranges      of rows
/// \param entries     what is stored for EntryRanges(ranges), back to back
/// \param adjustment  at least 1
/// \param limit       what the rows may span at most: bytes or items of the page
/// \return Corrupt when offsets descend or pass the limit; CapacityError when 32-bit offsets do not reach
template <typename Offset>
arrow::Result<RowExtents> DecodeEndOffsets(std::span<const RowRange> ranges, const uint64_t* entries,
                                           uint64_t adjustment, uint64_t limit,
                                           arrow::MemoryPool* pool);

}  // namespace lancea::v2_0
