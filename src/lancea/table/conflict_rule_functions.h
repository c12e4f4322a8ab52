// The rules that cells of the conflict table name: what two operations may not have in common. Marks like f1
// are those of the table-format notes. Each is called only for the operations it is named after.
#pragma once

#include "arrow/result.h"
#include "lancea/table/conflict_rules.h"
#include "lancea/transaction.h"

namespace lancea::conflict {

struct Pair {
  const Operation& ours;
  const Operation& theirs;
  const ConflictContext& context;
};

using Rule = arrow::Result<Verdict> (*)(const Pair&);

/// f2: both touch one fragment.
arrow::Result<Verdict> OtherFragments(const Pair& pair);

/// f1: both touch one fragment, unless both only deleted rows of it and ours are known.
arrow::Result<Verdict> OtherRows(const Pair& pair);

/// f6: keys an update inserts.
arrow::Result<Verdict> UpdateOverAppend(const Pair& pair);
arrow::Result<Verdict> UpdateOverUpdate(const Pair& pair);

/// A Project or Merge that may tighten the schema looked at no values written beside it.
arrow::Result<Verdict> ValuesOverMerge(const Pair& pair);
arrow::Result<Verdict> ValuesOverProject(const Pair& pair);
arrow::Result<Verdict> ProjectOverValues(const Pair& pair);

/// f7: fields that are rewritten must still be there.
arrow::Result<Verdict> UpdateOverProject(const Pair& pair);
arrow::Result<Verdict> ReplacementOverProject(const Pair& pair);

/// f9: the target of a replacement, and what it replaces.
arrow::Result<Verdict> ReplacementOverDelete(const Pair& pair);
arrow::Result<Verdict> ReplacementOverUpdate(const Pair& pair);

/// f10: both replace one field of one fragment.
arrow::Result<Verdict> ReplacementOverReplacement(const Pair& pair);

/// f3: both change one index.
arrow::Result<Verdict> IndexOverIndex(const Pair& pair);

/// f4: an index on rewritten fragments.
arrow::Result<Verdict> IndexOverRewrite(const Pair& pair);
arrow::Result<Verdict> RewriteOverIndex(const Pair& pair);

/// f5: an index on replaced fields.
arrow::Result<Verdict> IndexOverReplacement(const Pair& pair);
arrow::Result<Verdict> ReplacementOverIndex(const Pair& pair);

/// A MemWAL index is made for one schema.
arrow::Result<Verdict> IndexOverMerge(const Pair& pair);
arrow::Result<Verdict> MergeOverIndex(const Pair& pair);

/// Only the MemWAL index can be brought up to date (rebase.h).
arrow::Result<Verdict> IndexOverMemWal(const Pair& pair);

/// f8: generations of a MemWAL shard only rise.
arrow::Result<Verdict> UpdateOverMemWal(const Pair& pair);
arrow::Result<Verdict> MemWalOverUpdate(const Pair& pair);
arrow::Result<Verdict> MemWalOverMemWal(const Pair& pair);
arrow::Result<Verdict> MemWalOverIndex(const Pair& pair);

/// Keys of the configuration, and metadata of the table, schema and fields.
arrow::Result<Verdict> OverwriteOverOverwrite(const Pair& pair);
arrow::Result<Verdict> OtherConfigKeys(const Pair& pair);
arrow::Result<Verdict> ConfigOverOverwrite(const Pair& pair);
arrow::Result<Verdict> ConfigOverConfig(const Pair& pair);
arrow::Result<Verdict> MergeOverConfig(const Pair& pair);
arrow::Result<Verdict> ConfigOverMerge(const Pair& pair);
arrow::Result<Verdict> RestoreOverConfig(const Pair& pair);
arrow::Result<Verdict> ConfigOverRestore(const Pair& pair);

/// Base paths of one id, name or path.
arrow::Result<Verdict> OtherBases(const Pair& pair);

}  // namespace lancea::conflict
