// Newer versions: what was committed since the version a writer knows.
//
// Versions are numbered without gaps, so the ones after a known version are found by looking for the
// next number until one is missing: the cost is one failed look when there are none, however long the
// history is. Cleanups make gaps, though, and a gap looks like the end. Before the last version found
// is believed to be the latest, it must have been there just now, be no older than the hint file
// says, and be young; otherwise, and where there are no hint files, _versions/ is listed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/commit_handler.h"
#include "lancea/object_store.h"
#include "lancea/table/manifest.h"
#include "lancea/table/manifest_path.h"
#include "lancea/transaction.h"

namespace lancea {

/// One version as it was read or written.
struct TableVersion {
  std::shared_ptr<const Manifest> manifest;
  std::shared_ptr<const std::vector<IndexInfo>> indices;
  ManifestLocation location;
};

/// Read the manifest and index section at `location`.
arrow::Result<TableVersion> LoadVersion(ObjectStore& store, const ManifestLocation& location);

/// The latest version of the table at `root`. Local disks: a listing. \return NotFound: no table
arrow::Result<TableVersion> LoadLatestVersion(ObjectStore& store, CommitHandler& handler,
                                              const std::string& root);

/// The transaction that made a version: from its manifest, else from its .txn file.
/// \return operation::Unknown with no uuid when neither has a readable one: it may have done anything
arrow::Result<Transaction> LoadTransaction(ObjectStore& store, const std::string& root,
                                           const TableVersion& version);

struct CommittedTransaction {
  uint64_t version = 0;
  Transaction transaction;
};

struct NewerVersions {
  TableVersion latest;
  std::vector<CommittedTransaction> transactions;  ///< of versions after `since`, ascending
  bool has_gap = false;                            ///< some were removed by a cleanup
};

/// The latest version and every transaction committed after version `since`.
/// \param known  a version of the table, not older than `since`; loaded ones are not loaded again
arrow::Result<NewerVersions> LoadNewerVersions(ObjectStore& store, CommitHandler& handler,
                                               const std::string& root, const TableVersion& known,
                                               uint64_t since);

}  // namespace lancea
