// Layers -> levels: Arrow's validity and offsets become the repetition and definition levels of a
// page. The reverse of unravel.h; what the numbers mean is in repdef_layers.h.
//
// Layers are passed from the root to the leaf. Each keeps a list of events: first one per row, then a
// valid list of n > 0 items replaces its event by n, while nulls and empties stay one event each that
// owns nothing further in. Worked example, list<int32> rows [[1, 2], null, [], [3]]:
//   rows           rep 0 0 0 0        def 0 0 0 0
//   list           rep 1 0 1 1 1      def 0 0 1 2 0      null 1, empty 2
// Ranges of slots run beside the events: items of null lists and of lists inside null structs are left
// out of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "arrow/result.h"
#include "lancea/encoding/structural/leaf_part.h"
#include "lancea/encoding/structural/repdef_layers.h"

namespace lancea {

/// The levels of a page.
struct PageLevels {
  RepDefLayers meaning;
  std::vector<uint16_t> rep;  ///< num_events levels, or empty without list layers
  std::vector<uint16_t> def;  ///< num_events levels, or empty when nothing is null or empty
  int64_t num_events = 0;
  int64_t num_values = 0;  ///< events that own a leaf slot, null or not
  int64_t num_valid = 0;   ///< events whose leaf is a value
  /// Per part, the leaf slots that events own, in order.
  std::vector<std::vector<SlotRange>> slots;

  bool has_rep() const { return !rep.empty(); }
  bool has_def() const { return !def.empty(); }
  bool has_lists() const { return meaning.max_rep() > 0; }
};

/// \param parts  of one leaf, in order; at least one
arrow::Result<PageLevels> BuildLevels(std::span<const LeafPart> parts);

/// One bit per leaf slot that events own, 1 = the leaf is a value; empty when all are.
std::vector<uint64_t> ValidValues(const PageLevels& levels);

}  // namespace lancea
