// Rebasing: a transaction that may go on top of newer versions, changed so that it does there what
// it was meant to do.
//
//   Delete, Update   a fragment that others deleted rows of too: both sets of rows go, in a new
//                    deletion file; the same row on both sides is a retryable conflict
//   CreateIndex      fragments whose indexed columns were rewritten meanwhile are not covered;
//                    a MemWAL index learns what was compacted meanwhile; the two system indices
//                    replace whatever entry of their name there is now
//   all others       stay as they are: BuildManifest applies them to the newer version
//
// Checked before: every pair is compatible (conflict_rules.h).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/table/conflict_rules.h"
#include "lancea/table/newer_versions.h"

namespace lancea {

/// Opens what lies under a base path: store and path of the object `full_path`, of the base `base_id`.
using BaseResolver =
    std::function<arrow::Result<StoreAndPath>(uint32_t base_id, const std::string& full_path)>;

struct RebaseTarget {
  ObjectStore& store;
  const std::string& root;
  const Manifest* read_manifest;      ///< the version ours was last based on; nullptr: gone
  const AffectedRows* affected_rows;  ///< nullptr: not known
  const BaseResolver& resolve_base;
};

/// \return RetryableConflict when both changed the same row, or rows that are not known
arrow::Result<Transaction> Rebase(Transaction ours, const NewerVersions& newer,
                                  const RebaseTarget& target);

}  // namespace lancea
