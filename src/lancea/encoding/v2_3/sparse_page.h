// A page with sparse structure: slots come from sparse_structure.h, values from a page without
// levels.
//
// The value plane is read by the same classes as dense pages, given a page whose rows are values:
//   chunked, constant   one value per leaf slot
//   indexed             one index per leaf slot; only slots that are valid everywhere are looked up
//   zipped              one value per leaf slot that is valid in every layer
//   none                no values: every slot is null somewhere
//
// Page buffers: the value plane's, then those of the structure's sequences.
#pragma once

#include <memory>

#include "lancea/encoding/structural/leaf.h"
#include "lancea/encoding/structural/page.h"
#include "lancea/encoding/v2_3/sparse_structure.h"

namespace lancea::v2_3 {

/// What the rows of the value page are.
enum class ValueRows {
  kSlots,        ///< leaf slots, all of them read
  kValidSlots,   ///< leaf slots, those that are null somewhere not read
  kValidValues,  ///< leaf slots that are valid in every layer, counted without the others
};

struct SparsePageParts {
  SparseStructure structure;
  uint64_t row_scale = 1;                  ///< PageInfo.num_rows per row of the structure
  std::vector<ByteRange> sequence_ranges;  ///< structure.num_buffers() page buffers
  std::unique_ptr<StructuralPage> values;  ///< nullptr: none
  ValueRows value_rows = ValueRows::kSlots;
  uint64_t num_values = 0;  ///< rows of `values`; 0 when none
};

std::unique_ptr<StructuralPage> MakeSparsePage(std::shared_ptr<const Leaf> leaf,
                                               SparsePageParts parts);

}  // namespace lancea::v2_3
