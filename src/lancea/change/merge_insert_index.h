// Rows of the target found by a BTREE index of a key column, instead of by reading that column.
//
// The index names rows that had one of the source's keys when it was made. Rows of the fragments that it
// covers are sought among these only, and their keys are read and compared as ever: what has been deleted
// or changed since does no harm. Fragments that it does not cover are scanned.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/cancel.h"
#include "lancea/change/merge_insert_keys.h"
#include "lancea/change/merge_insert_source.h"
#include "lancea/dataset.h"

namespace lancea {

struct IndexedRows {
  std::vector<uint64_t> covered_fragments, other_fragments;
  /// In covered fragments: true of the rows that may have keys of the source.
  std::shared_ptr<const arrow::compute::Expression> filter;
};

/// The name of an index that can find rows by one of the keys; nullopt: there is none.
std::optional<std::string> KeyIndexName(const Dataset& dataset, const MergeKeyColumns& keys);

/// \return nullopt where reading the key column is expected to take less: for large sources, and without
///   an index
arrow::Result<std::optional<IndexedRows>> FindByKeyIndex(const Dataset& dataset,
                                                         const MergeSource& source,
                                                         const MergeKeyColumns& keys,
                                                         arrow::MemoryPool* pool,
                                                         const arrow::StopToken& stop);

}  // namespace lancea
