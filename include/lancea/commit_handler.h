// Commit handlers: how one writer of many gets a version number.
//
// A version exists when its manifest lies at its place in _versions/. Of all who try to put one
// there, exactly one must succeed; how that is made sure depends on where the table is:
//
//   put if absent    local disks, memory, clouds with conditional writes: the store's own promise
//   lock             a lease held from "is it free" to "it is written"; all writers must take it
//   external store   a database entry per version, won by a conditional insert:
//                      1. stage the manifest as {path}-{uuid}
//                      2. insert (root, version) -> staged path, unless there is an entry
//                      3. copy staged -> path     4. entry -> path     5. delete the staged object
//                    2 decides. Whoever finds an entry at a staged path finishes 3 to 5.
//   unsafe           look, then put: two writers may both believe they won. Only by explicit choice.
//
// All writers of a table must use the same kind.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "arrow/result.h"
#include "lancea/export.h"
#include "lancea/object_store.h"

namespace lancea {

/// The place of a version's manifest.
struct LANCEA_EXPORT ManifestSlot {
  std::string root;  ///< of the table, or of the branch
  uint64_t version = 0;
  std::string path;  ///< full path in the store
};

/// Thread-safe.
class LANCEA_EXPORT CommitHandler {
 public:
  virtual ~CommitHandler() = default;

  /// Make `manifest` the version of `slot`, whole and durable.
  /// \return AlreadyExists when the version is taken, and nothing was changed. After any other error
  ///   the version may or may not be there: the caller looks who owns it
  virtual arrow::Status Publish(ObjectStore& store, const ManifestSlot& slot,
                                std::span<const uint8_t> manifest) = 0;

  /// True if the version exists; then its manifest lies at `slot.path`, even if its writer died on
  /// the way. The default looks for that object.
  virtual arrow::Result<bool> Exists(ObjectStore& store, const ManifestSlot& slot);

  /// The latest version, readable at its place; nullopt when only _versions/ tells, which is the
  /// default.
  virtual arrow::Result<std::optional<uint64_t>> LatestVersion(ObjectStore& store,
                                                               const std::string& root);
};

/// By the store's PutIfAbsent: what is used when no handler is named.
LANCEA_EXPORT const std::shared_ptr<CommitHandler>& PutIfAbsentHandler();

/// A lock that is held. Dropped without Release it is given back as failed.
class LANCEA_EXPORT CommitLease {
 public:
  virtual ~CommitLease() = default;
  /// Give the lock back. \param success  true if the version was written
  virtual arrow::Status Release(bool success) = 0;
};

/// Takes the lock for writing a version, waiting for others.
/// \return AlreadyExists when the version is taken; then there is no lease
using CommitLock = std::function<arrow::Result<std::unique_ptr<CommitLease>>(uint64_t version)>;

LANCEA_EXPORT std::shared_ptr<CommitHandler> LockHandler(CommitLock lock);

/// A database of manifests: (root, version) -> path. Thread-safe.
class LANCEA_EXPORT ExternalManifestStore {
 public:
  struct Entry {
    uint64_t version = 0;
    std::string path;   ///< staged or final
    uint64_t size = 0;  ///< bytes
  };

  virtual ~ExternalManifestStore() = default;

  /// nullopt: no entry.
  virtual arrow::Result<std::optional<Entry>> Get(const std::string& root, uint64_t version) = 0;
  /// The entry of the highest version; nullopt: none.
  virtual arrow::Result<std::optional<Entry>> GetLatest(const std::string& root) = 0;
  /// Insert an entry. Of any number of callers exactly one succeeds.
  /// \return AlreadyExists when there is one
  virtual arrow::Status PutIfAbsent(const std::string& root, const Entry& entry) = 0;
  /// Change the path of an entry. \return NotFound when there is none
  virtual arrow::Status PutIfExists(const std::string& root, const Entry& entry) = 0;
};

LANCEA_EXPORT std::shared_ptr<CommitHandler> ExternalStoreHandler(
    std::shared_ptr<ExternalManifestStore> manifests);

/// Look, then put. For stores without any guarantee and a single writer; never chosen by itself.
LANCEA_EXPORT std::shared_ptr<CommitHandler> UnsafeHandler();

}  // namespace lancea
