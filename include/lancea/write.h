// Writing tables: create, append, overwrite, and the two halves of a distributed write.
//
// Rows come as a stream of record batches and are cut into data files, one fragment each; memory does
// not grow with the stream. Nothing is visible before the commit at the end, and a write that fails
// removes the files it made.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/cancel.h"
#include "lancea/dataset.h"
#include "lancea/export.h"
#include "lancea/session.h"
#include "lancea/transaction.h"

namespace lancea {

class CommitHandler;

enum class WriteMode {
  kCreate,     ///< a new table; AlreadyExists when there is one
  kAppend,     ///< more rows; creates the table when there is none
  kOverwrite,  ///< new contents as a new version; creates the table when there is none
};

/// What a write has done so far.
struct LANCEA_EXPORT WriteProgress {
  uint64_t rows = 0;
  uint64_t bytes = 0;  ///< given to data files
  uint64_t files = 0;  ///< finished
};

/// When old versions are removed without being asked; becomes the table's config at creation.
struct LANCEA_EXPORT AutoCleanup {
  uint64_t interval = 20;                              ///< every so many versions
  uint64_t older_than_seconds = uint64_t{14} * 86400;  ///< versions younger than this stay
};

/// Which bases a write uses when it uses all.
enum class AllBases {
  kRegistered,      ///< those of the table
  kOwnPlaceAsWell,  ///< the table's own place first, then those
};

/// What becomes of blobs given by URI.
enum class ExternalBlobMode {
  kReference,  ///< they stay where they are
  kIngest,     ///< they are copied into the table
};

/// How the data files of a write look and where they go.
struct LANCEA_EXPORT WriteOptions {
  WriteMode mode = WriteMode::kCreate;
  uint64_t max_rows_per_file = uint64_t{1} << 20;
  /// Soft: a file ends with the batch that passes it, once a column of it has 8 MiB.
  uint64_t max_bytes_per_file = uint64_t{90} << 30;
  /// "2.0" ... "2.3", "stable" or "next". Default: the table's own, 2.2 for new ones.
  std::optional<std::string> data_storage_version;
  bool enable_stable_row_ids = false;    ///< new tables only
  bool enable_v2_manifest_paths = true;  ///< new tables only
  /// Prefer small files to fast writing; any reader of the storage version opens them.
  bool compact = false;
  bool checksums = true;
  std::optional<uint64_t> max_page_bytes;  ///< default 32 MiB
  std::optional<uint64_t>
      data_cache_bytes;  ///< rows gathered before pages are cut, all columns together
  /// Hold small arrays as they are given until their pages are cut, instead of copying them: for rows
  /// that stay in memory anyway, as those of a table do.
  bool keep_original_arrays = false;
  std::optional<AutoCleanup> auto_cleanup;  ///< new tables only
  std::map<std::string, std::string> transaction_properties;
  std::map<std::string, std::string> storage_options;
  std::vector<BasePath> initial_bases;  ///< new tables only; ids of 0 are given
  /// Names or paths of bases that take the new files in turn; none: the table's own place.
  std::vector<std::string> target_bases;
  /// All bases take the new files in turn, by id. In place of target_bases.
  std::optional<AllBases> target_all_bases;
  ExternalBlobMode external_blob_mode = ExternalBlobMode::kReference;
  /// Blobs that stay where they are may lie anywhere, not only below a base path.
  bool allow_external_blobs_outside_bases = false;
  /// Bytes of a file shared by blobs of medium size; default: what the column says, or 1 GiB.
  std::optional<uint64_t> blob_pack_file_bytes;
  std::shared_ptr<Session> session;  ///< default: Session::Default()
  /// How versions are published; default: by what the store can do.
  std::shared_ptr<CommitHandler> commit_handler;
  uint32_t max_retries = 20;  ///< of the commit
  /// Called after every batch and file, on the writing thread; an error ends the write with it.
  std::function<arrow::Status(const WriteProgress&)> progress;
  /// Called before a fragment's first row is written (of its file the name is known, of its rows nothing)
  /// and when its data file is complete; an error ends the write with it. Ids are given at commit: 0 here.
  std::function<arrow::Status(const FragmentMetadata&)> fragment_begun;
  std::function<arrow::Status(const FragmentMetadata&)> fragment_complete;
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

/// How a prepared transaction is committed.
struct LANCEA_EXPORT CommitOptions {
  bool detached = false;  ///< a version outside of the history
  bool enable_v2_manifest_paths = true;
  bool enable_stable_row_ids = false;
  std::optional<std::string>
      data_storage_version;  ///< of a new table; default: of its fragments' files
  uint32_t max_retries = 20;
  /// No attempt is begun later than this after the first. Default: no limit.
  std::optional<std::chrono::nanoseconds> timeout;
  std::map<std::string, std::string> storage_options;
  std::shared_ptr<Session> session;
  std::shared_ptr<CommitHandler> commit_handler;
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

/// Write a table.
/// \return the version written. InvalidInput naming the difference when rows do not fit the table's
///   schema; AlreadyExists in mode kCreate
LANCEA_EXPORT arrow::Result<std::shared_ptr<Dataset>> WriteDataset(
    const std::shared_ptr<arrow::RecordBatchReader>& rows, const std::string& uri,
    const WriteOptions& options = {});

/// Write to a table that is open: what is known of it is not read again.
LANCEA_EXPORT arrow::Result<std::shared_ptr<Dataset>> WriteDataset(
    const std::shared_ptr<arrow::RecordBatchReader>& rows, const std::shared_ptr<Dataset>& dataset,
    const WriteOptions& options);

/// The first half: write data files and say what committing them would do (Append or Overwrite).
/// \param dataset  the table as it is open, or nullptr: found at `uri`, if there is one
LANCEA_EXPORT arrow::Result<Transaction> WriteUncommitted(
    const std::shared_ptr<arrow::RecordBatchReader>& rows, const std::string& uri,
    const std::shared_ptr<Dataset>& dataset, const WriteOptions& options = {});

/// The second half, possibly in another process.
/// \param dataset  the table as it is open, or nullptr: found at `uri`
LANCEA_EXPORT arrow::Result<std::shared_ptr<Dataset>> CommitTransaction(
    const std::string& uri, const std::shared_ptr<Dataset>& dataset, Transaction transaction,
    const CommitOptions& options = {});

}  // namespace lancea
