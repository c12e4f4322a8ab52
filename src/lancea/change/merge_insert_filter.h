// A filter for the target's scan that follows from the source: only rows whose first key the source has.
//
// The scan asks it of whole pages on all cores, and rows that match nothing get neither addresses nor a
// place in a batch. An index on the key answers it, too, where a scan uses one.
#pragma once

#include <memory>

#include "arrow/compute/expression.h"
#include "arrow/result.h"
#include "lancea/change/merge_insert_keys.h"
#include "lancea/change/merge_insert_source.h"

namespace lancea {

/// \return nullptr where it would not pay: too many source rows, a key that is no integer, a spilled source
arrow::Result<std::shared_ptr<const arrow::compute::Expression>> FilterBySourceKeys(
    const MergeSource& source, const MergeKeyColumns& keys, arrow::MemoryPool* pool);

}  // namespace lancea
