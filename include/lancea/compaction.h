// Compaction: small fragments become large ones, deleted rows and dropped columns leave the files.
//
//   plan      which fragments are rewritten together     PlanCompaction   -> tasks
//   execute   read their rows, write new files           ExecuteCompaction, in any process
//   commit    all of them as one version                 CommitCompaction
//
// Neighbouring fragments are one task when each is small or has many deleted rows, and the same indices
// cover them all. A task keeps the order of its rows; the new fragments stand behind the others.
// Plans, tasks and results are plain values with the JSON that pylance exchanges, so one library can
// execute what the other planned.
//
// Row ids. Tables with stable row ids keep ids and row versions; their indices follow. In other tables a
// row's id is its address, which a rewrite changes: the kinds of indices that can follow are written anew
// (index_remapper.h), and fragments that another index covers are left as they are. With
// defer_index_remap the manifest records where rows went instead (fragment_reuse.h), readers translate
// what indices answer, and all fragments may be rewritten.
//
// Every rewrite is read back and compared with its source, column by column, before it is committed.
//
// Files that are alike (one per fragment, the same columns, nothing deleted, no blobs) can be joined page
// by page instead, as CompactionMode says.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/result.h"
#include "arrow/util/cancel.h"
#include "lancea/export.h"
#include "lancea/fragment.h"

namespace lancea {

class Dataset;

enum class CompactionMode {
  kReencode,         ///< decode and encode: pages become large
  kTryBinaryCopy,    ///< copy pages as they are where files are alike, else decode and encode
  kForceBinaryCopy,  ///< copy pages; Unsupported where files are not alike
};

/// "reencode", "try_binary_copy" or "force_binary_copy".
LANCEA_EXPORT arrow::Result<CompactionMode> ParseCompactionMode(const std::string& name);

/// What is compacted and how. Members left alone have pylance's defaults.
struct LANCEA_EXPORT CompactionOptions {
  uint64_t target_rows_per_fragment = uint64_t{1} << 20;
  uint64_t max_rows_per_group = 1024;  ///< of legacy files, which are not written: no effect
  std::optional<uint64_t> max_bytes_per_file;  ///< default: as of WriteOptions
  /// Rewrite fragments of which more than the threshold, a share from 0 to 1, is deleted.
  bool materialize_deletions = true;
  double materialize_deletions_threshold = 0.1;
  std::optional<uint32_t> num_threads;     ///< tasks at once; default 2: each uses all cores
  std::optional<uint64_t> batch_size;      ///< rows read at once; default: by their bytes
  std::optional<uint64_t> io_buffer_size;  ///< bytes read ahead of the writer; default 16 MiB
  /// Keep indices of row addresses usable by recording where rows went. Tables with stable row ids need
  /// it for no index but those that answer with addresses all the same; there it is Unsupported.
  bool defer_index_remap = false;
  CompactionMode mode = CompactionMode::kReencode;
  std::optional<uint64_t> binary_copy_read_batch_bytes = uint64_t{16} << 20;  ///< or one page
  /// Tasks are planned until the next one would pass a limit.
  std::optional<uint64_t> max_source_fragments;
  std::optional<uint64_t> max_source_rows;   ///< not counting deleted ones
  std::optional<uint64_t> max_source_bytes;  ///< of data files, without blob sidecars
  std::vector<uint64_t> excluded_fragment_ids;
  std::optional<std::string> data_storage_version;  ///< of the new files; default: the table's
  std::map<std::string, std::string> transaction_properties;
  bool verify = true;  ///< read new files back and compare

  /// The defaults that a table's config sets: keys "lance.compaction.*".
  /// \return InvalidInput naming the key whose value makes no sense
  static arrow::Result<CompactionOptions> FromConfig(
      const std::map<std::string, std::string>& config);
};

struct LANCEA_EXPORT CompactionMetrics {
  uint64_t fragments_removed = 0;
  uint64_t fragments_added = 0;
  uint64_t files_removed = 0;  ///< data and deletion files
  uint64_t files_added = 0;

  CompactionMetrics& operator+=(const CompactionMetrics& other);
  bool operator==(const CompactionMetrics&) const = default;
};

/// Fragments that are rewritten together.
struct LANCEA_EXPORT CompactionTask {
  std::vector<FragmentMetadata> fragments;
  uint64_t read_version = 0;
  CompactionOptions options;

  std::string ToJson() const;
  static arrow::Result<CompactionTask> FromJson(std::string_view json);
};

struct LANCEA_EXPORT CompactionPlan {
  std::vector<std::vector<FragmentMetadata>> tasks;
  uint64_t read_version = 0;
  CompactionOptions options;

  CompactionTask Task(size_t index) const { return {tasks[index], read_version, options}; }
  std::string ToJson() const;
  static arrow::Result<CompactionPlan> FromJson(std::string_view json);
};

/// What a task wrote. Nothing refers to it before it is committed.
struct LANCEA_EXPORT RewriteResult {
  CompactionMetrics metrics;
  std::vector<FragmentMetadata> new_fragments;  ///< ids are given at commit
  std::vector<FragmentMetadata> original_fragments;
  uint64_t read_version = 0;
  /// Addresses of the rows that were rewritten, in order, as a 64-bit Roaring bitmap; empty where no index
  /// needs them.
  std::string row_addresses;

  std::string ToJson() const;
  static arrow::Result<RewriteResult> FromJson(std::string_view json);
};

struct LANCEA_EXPORT CompactionProgress {
  uint64_t rows = 0;        ///< written so far
  uint64_t total_rows = 0;  ///< of all tasks
  uint64_t bytes = 0;       ///< of files finished and begun
};

/// How work is watched and stopped.
struct LANCEA_EXPORT CompactionRun {
  /// Called after every batch, by one thread at a time; an error ends the work with it.
  std::function<arrow::Status(const CompactionProgress&)> progress;
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

/// \return Unsupported for tables of the legacy format, for those with a fragment reuse index unless
///   defer_index_remap is set, and where an index does not record what it covers
LANCEA_EXPORT arrow::Result<CompactionPlan> PlanCompaction(const Dataset& dataset,
                                                           const CompactionOptions& options);

/// Rewrite the rows of a task. Memory: io_buffer_size and a few pages of each column, whatever the rows.
/// \param dataset  any version of the table
/// \return an error leaves no file behind. Corrupt when what was written does not read back the same
LANCEA_EXPORT arrow::Result<RewriteResult> ExecuteCompaction(const Dataset& dataset,
                                                             const CompactionTask& task,
                                                             const CompactionRun& run = {});

struct LANCEA_EXPORT Compacted {
  std::shared_ptr<Dataset> dataset;  ///< the new version; as given when nothing was to do
  CompactionMetrics metrics;
};

/// Commit results of one plan, or of several with disjoint fragments, as one version (and one before it
/// that reserves fragment ids).
/// \return RetryableConflict when another writer changed a fragment meanwhile: plan again
LANCEA_EXPORT arrow::Result<Compacted> CommitCompaction(const std::shared_ptr<Dataset>& dataset,
                                                        const std::vector<RewriteResult>& results,
                                                        const CompactionOptions& options = {});

/// Execute all tasks of a plan here, and commit them.
LANCEA_EXPORT arrow::Result<Compacted> CompactPlanned(const std::shared_ptr<Dataset>& dataset,
                                                      const CompactionPlan& plan,
                                                      const CompactionRun& run = {});

/// All three. No new version when there is nothing to do.
LANCEA_EXPORT arrow::Result<Compacted> CompactFiles(const std::shared_ptr<Dataset>& dataset,
                                                    const CompactionOptions& options = {},
                                                    const CompactionRun& run = {});

}  // namespace lancea
