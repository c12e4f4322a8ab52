// Row lineage at commit: stable row ids and the versions that created and last updated each row.
//
// Ids are given consecutively from the table's next_row_id to the rows that have none. A fragment
// of an upsert brings the ids of the rows it moves, which come first; the inserted rows behind them
// get new ones. A moved row keeps the version that created it, found through its id.
// Source: table-format notes; tables pylance 14.0.2 updated.
#pragma once

#include <cstdint>
#include <vector>

#include "arrow/result.h"
#include "lancea/table/build_manifest.h"
#include "lancea/table/roaring_bitmap.h"

namespace lancea {

/// The ids of a fragment's rows.
/// \return Unsupported when they are spilled and `spilled` does not have them
arrow::Result<RowIdSequence> RowIdsOf(const FragmentMetadata& fragment,
                                      const std::map<uint64_t, SpilledLineage>& spilled);

/// Fill up the fragments' row ids to their physical rows.
/// \return InvalidInput when a fragment brings more ids than rows, or one not given before
arrow::Status AssignRowIds(std::vector<FragmentMetadata>* fragments, uint64_t* next_row_id);

/// Every row of the fragment was made, and last changed, by `version`.
void SetCreated(uint64_t version, FragmentMetadata* fragment);
/// Every row was last changed by `version`.
void SetUpdated(uint64_t version, FragmentMetadata* fragment);

/// The rows at `offsets` were last changed by `version`. A fragment without such versions keeps
/// none.
arrow::Status SetUpdatedAt(const std::vector<ValueRange>& offsets, uint64_t version,
                           const std::map<uint64_t, SpilledLineage>& spilled,
                           FragmentMetadata* fragment);

/// Versions for the new fragments of an update: rows with an id that `existing` has were moved, the
/// others made by `version`; all were last changed by it.
arrow::Status SetMoved(const std::vector<FragmentMetadata>& existing, uint64_t version,
                       const std::map<uint64_t, SpilledLineage>& spilled,
                       std::vector<FragmentMetadata>* fragments);

/// True if the fragment brings an id for each of its rows: none of them was inserted.
arrow::Result<bool> HasAllRowIds(const FragmentMetadata& fragment);

}  // namespace lancea
