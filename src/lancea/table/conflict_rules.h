// Conflict rules: may our transaction be committed on top of one that got in first?
//
// Both were made from the same version or ours from an older one; theirs is committed. One table has
// a cell for every pair of operations: compatible (ours is rebased, see rebase.h), retryable (the
// caller may make the change again on the newer version) or incompatible (what ours relied on is
// gone). Cells that depend on what the operations touch name a rule; kConflictTable in the .cc is the
// only list.
//
// What the rules protect: a row is never changed by two writers who did not see each other's change,
// a file never covers rows or fields that moved or left meanwhile, and no schema, key of the
// configuration or metadata is replaced by one that was computed without knowing it. Operations of
// newer libraries may touch anything and are never compatible.
// Source: table-format notes, section 8 (28 of the pairs run on pylance 1.0.0 and 14.0.2).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/table/manifest.h"
#include "lancea/table/roaring_bitmap.h"
#include "lancea/transaction.h"

namespace lancea {

enum class Compatibility { kCompatible, kRetryable, kIncompatible };

/// The answer of a rule and, unless compatible, what stands against it.
struct Verdict {
  Compatibility compatibility = Compatibility::kCompatible;
  std::string reason;
};

/// The rows an update or delete took out of each fragment: physical offsets as ascending ranges with
/// gaps between them, by fragment id.
using AffectedRows = std::map<uint64_t, std::vector<ValueRange>>;

/// What is known of ours beyond the transaction. Both borrowed, both may be nullptr: rules that need
/// them then answer kRetryable.
struct ConflictContext {
  const Manifest* read_manifest = nullptr;  ///< the version ours was last based on
  const AffectedRows* affected_rows = nullptr;
};

/// \return Corrupt when MemWAL details in one of them do not parse
arrow::Result<Verdict> CheckConflict(const Transaction& ours, const Transaction& theirs,
                                     const ConflictContext& context = {});

/// The error for a verdict that is not kCompatible: both transactions, the rule, retryable or not.
arrow::Status ConflictError(const Transaction& ours, const Transaction& theirs,
                            uint64_t their_version, const Verdict& verdict);

/// Ids of the fragments an operation deletes rows of, replaces, removes or gives other files;
/// ascending. None for Append, Merge (all of them) and operations that change no fragment.
std::vector<uint64_t> TouchedFragments(const Operation& operation);

}  // namespace lancea
