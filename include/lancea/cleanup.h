// Removing what no version needs any more: old versions with the files only they refer to, and orphans
// that failed writes left behind.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrow/result.h"
#include "arrow/util/cancel.h"
#include "lancea/export.h"

namespace lancea {

class Dataset;

struct LANCEA_EXPORT CleanupProgress {
  uint64_t files = 0, total_files = 0;
  uint64_t bytes = 0;  ///< freed so far
};

struct LANCEA_EXPORT CleanupOptions {
  /// Remove versions committed before this, ns since the epoch UTC. Default: none by age.
  std::optional<int64_t> before_timestamp_nanos;
  /// Remove versions below this.
  std::optional<uint64_t> before_version;
  /// Keep this version and newer ones. The version of the dataset given, and newer ones, always stay.
  std::optional<uint64_t> keep_from_version;
  /// Keep so many of the newest versions, whatever their age; positive.
  std::optional<uint64_t> retain_versions;
  /// Remove none but these. Alone it removes all of them, whatever their age.
  std::optional<std::vector<uint64_t>> versions;
  /// Also remove files that no version refers to and that are younger than seven days: they may belong
  /// to a write that is going on.
  bool delete_unverified = false;
  /// Refuse when a version that would be removed has a tag; otherwise tagged versions are kept.
  bool error_if_tagged_old_versions = true;
  /// Clean up the branches that began at this one first, each as its own config "lance.auto_cleanup.*"
  /// says and is due; what only their old versions needed can then go here, too.
  bool clean_referenced_branches = false;
  std::optional<uint64_t> delete_rate_limit;   ///< files removed in a second at most; positive
  std::optional<uint64_t> delete_concurrency;  ///< files removed at once; default 16; positive
  /// Only say what would be removed.
  bool dry_run = false;
  /// Called after each file is removed, by one thread at a time; may be empty.
  std::function<void(const CleanupProgress&)> progress;
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

struct LANCEA_EXPORT RemovedFile {
  enum class Kind { kManifest, kData, kTransaction, kIndex, kDeletion, kTemporary };
  std::string path;  ///< below the table's root; of other branches below that of main
  Kind kind = Kind::kData;
  uint64_t size = 0;       ///< bytes
  bool is_orphan = false;  ///< no version, old or live, refers to it
};

struct LANCEA_EXPORT CleanupResult {
  uint64_t bytes_removed = 0;
  uint64_t old_versions = 0;
  uint64_t data_files_removed = 0;
  uint64_t transaction_files_removed = 0;
  uint64_t index_files_removed = 0;
  uint64_t deletion_files_removed = 0;
  uint64_t failed_deletes = 0;  ///< left where they are, and not counted above
  std::vector<RemovedFile> files;
  uint64_t read_version = 0;  ///< the latest version there was
  /// Branches that begin at a version of this one, and which.
  std::vector<std::pair<std::string, uint64_t>> referenced_branches;
};

/// Remove old versions and orphans of a table (of the branch it is on). The latest version and versions
/// that a tag or a branch names are never removed, nor any file that a kept version refers to.
/// Files are looked for before manifests are read, so one that is committed meanwhile is seen as needed;
/// manifests go before the files they name, so a crash half-way leaves orphans and nothing else.
/// \return InvalidInput naming the tag when a tagged version is old; what was removed otherwise
LANCEA_EXPORT arrow::Result<CleanupResult> CleanupOldVersions(const Dataset& dataset,
                                                              const CleanupOptions& options);

/// The files below the table's root that no version refers to, whatever their age.
LANCEA_EXPORT arrow::Result<std::vector<RemovedFile>> FindOrphans(const Dataset& dataset);

}  // namespace lancea
