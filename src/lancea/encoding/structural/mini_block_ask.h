// Asks a condition of the rows of a mini-block page, chunk by chunk, without decoding to Arrow.
#pragma once

#include <memory>
#include <span>

#include "lancea/encoding/structural/mini_block_page.h"
#include "lancea/encoding/value_condition.h"

namespace lancea {

/// A read whose values are answers, a bit per row, that of a null row 0; nullptr when the page has lists,
/// or a dictionary (whose values are better asked once, by whoever keeps the answers), or values of
/// another kind.
/// \param ranges     page-relative, ascending, disjoint, within the page
/// \param condition  outlives the read
std::unique_ptr<PageRead> MakeMiniBlockAsk(const MiniBlockPage& page,
                                           std::span<const RowRange> ranges,
                                           const ValueCondition& condition,
                                           arrow::MemoryPool* pool);

}  // namespace lancea
