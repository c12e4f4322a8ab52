// Which small fragments become one.
//
// Sizes are sorted into tiers: up to fanout times a flush, up to fanout times that, and so on. `fanout`
// neighbours of one tier become one fragment of the next, so each row is rewritten once a tier and less
// than fanout fragments of each tier are left: about fanout * log_fanout(rows / flush_rows), plus one for
// every max_rows rows.
//
// Readers go through fragments by id, and rows must keep their offsets: the merged fragment needs an id
// between those of its neighbours. So ids are set aside (ReserveFragments) behind every fanout fragments,
// and only runs that end before such a gap are merged.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lancea/fragment.h"

namespace lancea::queue {

/// Ids set aside at once: one for each tier that may end there.
constexpr uint32_t kReservedIds = 12;

struct MergeLimits {
  uint64_t base_rows = 1000;  ///< of a flush
  uint32_t fanout = 8;
  uint64_t max_rows = uint64_t{1} << 20;
  uint64_t max_bytes = uint64_t{256} << 20;
};

/// Fragments [begin, end) by position, and the id of what they become.
struct MergeChoice {
  size_t begin = 0;
  size_t end = 0;
  uint64_t id = 0;
};

/// \return nothing when there is nothing worth merging
std::optional<MergeChoice> ChooseMerge(const std::vector<FragmentMetadata>& fragments,
                                       const MergeLimits& limits);

/// True when ids should be set aside before more fragments are appended.
bool WantsReservation(const std::vector<FragmentMetadata>& fragments, uint32_t fanout);

}  // namespace lancea::queue
