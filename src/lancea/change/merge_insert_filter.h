// A filter for the target's scan that follows from the source: only rows whose first key the source has.
//
// The scan asks it of whole pages on all cores, and rows that match nothing get neither addresses nor a
// place in a batch.
#pragma once

#include <memory>

#include "arrow/compute/expression.h"
#include "arrow/result.h"
#include "lancea/change/merge_insert_keys.h"
#include "lancea/change/merge_insert_source.h"

namespace lancea {

/// The source's values of one key column; nullptr when it has no rows. Not of spilled sources.
arrow::Result<std::shared_ptr<arrow::Array>> SourceKeys(const MergeSource& source,
                                                        const MergeKeyColumns& keys, size_t key,
                                                        arrow::MemoryPool* pool);

/// \return nullptr where it would not pay: too many source rows, a key that is no integer, a spilled source
arrow::Result<std::shared_ptr<const arrow::compute::Expression>> FilterBySourceKeys(
    const MergeSource& source, const MergeKeyColumns& keys, arrow::MemoryPool* pool);

}  // namespace lancea
