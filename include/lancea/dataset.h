// A Lance table at one version.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/export.h"
#include "lancea/fragment.h"
#include "lancea/index_info.h"
#include "lancea/scanner.h"
#include "lancea/schema.h"
#include "lancea/session.h"
#include "lancea/transaction.h"

namespace lancea {

class CommitHandler;

/// Which version to open: nothing (latest), a version number, a tag.
using VersionSpec = std::variant<std::monostate, uint64_t, std::string>;

struct LANCEA_EXPORT OpenOptions {
  VersionSpec version;                  ///< monostate: the latest
  std::optional<std::string> branch;    ///< open this branch instead of main
  std::optional<int64_t> as_of_micros;  ///< the newest version at or before, µs since the epoch UTC
  std::shared_ptr<Session> session;     ///< default: Session::Default()
  std::map<std::string, std::string> storage_options;
  /// How changes made through the dataset are published; default: by what the store can do.
  std::shared_ptr<CommitHandler> commit_handler;
};

/// One entry of the version history.
struct LANCEA_EXPORT VersionInfo {
  uint64_t version = 0;
  int64_t timestamp_nanos = 0;  ///< commit time, ns since the epoch UTC
  std::map<std::string, std::string> metadata;
};

struct LANCEA_EXPORT TagInfo {
  uint64_t version = 0;
  std::optional<std::string> branch;
  std::optional<std::string> created_at;  ///< RFC 3339
  std::optional<std::string> updated_at;
  uint64_t manifest_size = 0;
  std::map<std::string, std::string> metadata;
};

struct LANCEA_EXPORT BranchInfo {
  std::optional<std::string> parent_branch;
  uint64_t parent_version = 0;
  int64_t created_at_seconds = 0;
  uint64_t manifest_size = 0;
  std::map<std::string, std::string> metadata;
  /// The branches from main to this one, each as the version it left its parent at and an id of its own;
  /// empty for branches of old libraries.
  std::vector<std::pair<uint64_t, std::string>> lineage;
};

/// What `Dataset::Verify` found wrong in one place.
struct LANCEA_EXPORT Defect {
  std::string file;
  std::string message;
};

/// One version of a table. Immutable, thread-safe; the same object serves any number of readers.
class LANCEA_EXPORT Dataset : public std::enable_shared_from_this<Dataset> {
 public:
  /// Open a table.
  /// \return NotFound if there is no table, version, tag or branch of that name; Unsupported if the
  ///   manifest needs a reader feature this build does not have
  static arrow::Result<std::shared_ptr<Dataset>> Open(const std::string& uri,
                                                      OpenOptions options = {});
  ~Dataset();

  const std::string& uri() const;
  uint64_t version() const;
  const std::optional<std::string>& branch() const;
  const Schema& lance_schema() const;
  const std::shared_ptr<arrow::Schema>& schema() const;
  const std::string& data_storage_version() const;  ///< "0.1", "2.0" ... "2.3"
  const std::vector<FragmentMetadata>& fragments() const;
  const std::map<std::string, std::string>& config() const;
  const std::map<std::string, std::string>& table_metadata() const;
  const std::vector<BasePath>& base_paths() const;
  const std::vector<IndexInfo>& indices() const;
  bool has_stable_row_ids() const;
  int32_t max_field_id() const;
  const std::shared_ptr<Session>& session() const;

  /// Another version of the same table, sharing the session.
  arrow::Result<std::shared_ptr<Dataset>> Checkout(const VersionSpec& version) const;
  arrow::Result<std::shared_ptr<Dataset>> CheckoutBranch(const std::string& branch,
                                                         const VersionSpec& version = {}) const;
  arrow::Result<std::shared_ptr<Dataset>> CheckoutLatest() const;
  arrow::Result<uint64_t> LatestVersion() const;
  arrow::Result<std::vector<VersionInfo>> Versions() const;  ///< oldest first
  arrow::Result<std::map<std::string, TagInfo>> Tags() const;
  arrow::Result<std::map<std::string, BranchInfo>> Branches() const;

  /// Rows not deleted. Reads no data: fragments of very old tables aside, the manifest knows.
  arrow::Result<int64_t> CountRows() const;
  arrow::Result<int64_t> CountDeletedRows() const;

  /// Rows at `offsets` counted over the rows not deleted, in that order, duplicates allowed.
  /// \return InvalidInput naming the offset when one is out of range
  arrow::Result<std::shared_ptr<arrow::Table>> Take(const std::vector<uint64_t>& offsets,
                                                    const ScanOptions& options = {}) const;
  /// Rows by `_rowid`. Ids that do not exist are skipped, like pylance does.
  arrow::Result<std::shared_ptr<arrow::Table>> TakeRowIds(const std::vector<uint64_t>& row_ids,
                                                          const ScanOptions& options = {}) const;
  /// Rows by address: fragment id << 32 | physical row offset.
  arrow::Result<std::shared_ptr<arrow::Table>> TakeAddresses(const std::vector<uint64_t>& addresses,
                                                             const ScanOptions& options = {}) const;
  /// Rows of one fragment by offset among its rows not deleted.
  arrow::Result<std::shared_ptr<arrow::Table>> TakeFromFragment(
      uint64_t fragment_id, const std::vector<uint64_t>& offsets,
      const ScanOptions& options = {}) const;

  /// The bytes of blobs, as views where they lie in mapped files; null blobs give nullptr.
  /// \param addresses  row addresses
  arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> TakeBlobs(
      const std::string& column, const std::vector<uint64_t>& addresses) const;

  /// Row addresses of rows at `offsets` counted over the rows not deleted.
  arrow::Result<std::vector<uint64_t>> AddressesOfOffsets(
      const std::vector<uint64_t>& offsets) const;
  /// Row addresses of rows by `_rowid`; nullopt where there is no such row.
  arrow::Result<std::vector<std::optional<uint64_t>>> AddressesOfRowIds(
      const std::vector<uint64_t>& row_ids) const;

  arrow::Result<std::shared_ptr<Scanner>> Scan(ScanOptions options = {}) const;

  /// `num_rows` distinct rows drawn without replacement, in table order; the same seed draws the
  /// same rows. All rows when there are fewer.
  arrow::Result<std::shared_ptr<arrow::Table>> Sample(uint64_t num_rows, uint64_t seed,
                                                      const ScanOptions& options = {}) const;

  /// Full path of a data file inside its store, base paths resolved.
  arrow::Result<std::string> DataFilePath(const DataFile& file) const;

  /// Bytes on disk by field id, from column metadata.
  arrow::Result<std::map<int32_t, uint64_t>> BytesByField() const;

  /// I/O done through this object so far.
  IoStatistics io_statistics() const;

  /// Read everything: every file, page and count. \return what is wrong, empty when sound
  arrow::Result<std::vector<Defect>> Verify(
      const arrow::StopToken& stop = arrow::StopToken::Unstoppable()) const;

  // Changes. Each commits a new version, based on this one, and returns it; this one stays as it is. ---

  /// This version's contents as a new latest version.
  arrow::Result<std::shared_ptr<Dataset>> Restore() const;
  /// Change config, table metadata, schema metadata or the metadata of fields.
  arrow::Result<std::shared_ptr<Dataset>> UpdateConfig(operation::UpdateConfig update) const;
  /// Register roots under which files may lie; ids of 0 are given.
  arrow::Result<std::shared_ptr<Dataset>> AddBases(
      std::vector<BasePath> bases,
      const std::map<std::string, std::string>& transaction_properties = {}) const;

  /// A new table at `target_uri` that refers to this version's files and has none of its own.
  arrow::Result<std::shared_ptr<Dataset>> ShallowClone(
      const std::string& target_uri,
      const std::map<std::string, std::string>& storage_options = {}) const;

  /// \param branch  of the version; nullopt: main
  /// \return AlreadyExists, NotFound when there is no such version, InvalidInput for the name
  arrow::Result<TagInfo> CreateTag(const std::string& tag, uint64_t version,
                                   const std::optional<std::string>& branch = {}) const;
  arrow::Result<TagInfo> UpdateTag(const std::string& tag, uint64_t version,
                                   const std::optional<std::string>& branch = {}) const;
  arrow::Status DeleteTag(const std::string& tag) const;
  arrow::Status ReplaceTagMetadata(const std::string& tag,
                                   const std::map<std::string, std::string>& metadata) const;
  /// A branch that starts from this version.
  arrow::Result<std::shared_ptr<Dataset>> CreateBranch(const std::string& branch) const;
  /// \param force  also what a failed creation left
  arrow::Status DeleteBranch(const std::string& branch, bool force = false) const;
  arrow::Status ReplaceBranchMetadata(const std::string& branch,
                                      const std::map<std::string, std::string>& metadata) const;

  /// The transaction that made this version; nullopt when it is not recorded.
  arrow::Result<std::optional<Transaction>> ReadTransaction() const;
  /// The transactions of the latest `limit` versions up to this one, newest first; nullopt where one is
  /// not recorded.
  arrow::Result<std::vector<std::optional<Transaction>>> Transactions(uint64_t limit) const;

  /// Remove a table with everything below its root.
  /// \return NotFound when there is none
  static arrow::Status Drop(const std::string& uri,
                            const std::map<std::string, std::string>& storage_options = {});

  class Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit Dataset(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lancea
