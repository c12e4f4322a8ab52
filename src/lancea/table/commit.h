// Committing: how a transaction becomes the next version of a table.
//
//   1. find the versions committed since the one that was read, and their transactions
//   2. check ours against each (conflict_rules.h) and rebase it (rebase.h)
//   3. write _transactions/{read version}-{uuid}.txn
//   4. build the manifest of latest + 1 and publish it (commit_handler.h)
//   5. if that version is taken, wait a little and go to 1
//
// Step 4 is the commit: before it nothing is visible, after it everything is. A version is ours if
// its transaction has our uuid. That is looked up whenever publishing fails, because a lost reply
// looks like a failure, and among the versions of step 1, because the caller may have lost one too:
// no transaction is applied twice. Data files are never deleted here.
// Source: table-format notes, section 8; commits of pylance 14.0.2.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/commit_handler.h"
#include "lancea/table/build_manifest.h"
#include "lancea/table/newer_versions.h"
#include "lancea/table/rebase.h"
#include "lancea/transaction.h"
#include "lancea/write.h"

namespace lancea {

/// The table a transaction is for, and what its writer knows already.
struct CommitTarget {
  std::shared_ptr<ObjectStore> store;
  std::string root;
  /// A version that was read: with it the history is not looked at. nullopt: the latest is found.
  std::optional<TableVersion> known;
  bool must_be_new = false;  ///< AlreadyExists when there is a table
  /// Delete and Update: the rows they take out. nullptr: not known; the transaction then cannot be
  /// rebased on others that touch the same fragments.
  std::shared_ptr<const AffectedRows> affected_rows;
  std::shared_ptr<const BuiltManifest> clone_source;  ///< Clone only
  BaseResolver resolve_base;  ///< default: base paths are URIs without options
  /// Of the open table; the handler of the commit's options goes first. Default: by what the store can do.
  std::shared_ptr<CommitHandler> commit_handler;
};

struct CommitResult {
  TableVersion version;     ///< as a reader would load it
  Transaction transaction;  ///< as committed: rebased
};

/// Commit `transaction`. Of `options`, session and storage_options are not used. With no retries
/// (max_retries 0) an Overwrite becomes the version after its read version or fails.
///
/// \return RetryableConflict when the change must be made again on a newer version, or retries or the
///   time ran out; CommitConflict when it cannot be; AlreadyExists when a new table is not the first;
///   InvalidInput and Unsupported as BuildManifest; an error for which IsCommitStatusUnknown holds
///   when it cannot be told whether the version was written
arrow::Result<CommitResult> Commit(const CommitTarget& target, Transaction transaction,
                                   const CommitOptions& options = {});

/// True if the commit may have happened: files it names must not be deleted.
bool IsCommitStatusUnknown(const arrow::Status& status);

}  // namespace lancea
