// The state behind a Dataset: one manifest, where its files are, and what was derived from them.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lancea/dataset.h"
#include "lancea/dataset/session_impl.h"
#include "lancea/file/data_file_reader.h"
#include "lancea/io/read_ranges.h"
#include "lancea/table/deletion_vector.h"
#include "lancea/table/manifest.h"
#include "lancea/table/manifest_path.h"
#include "lancea/table/row_id_sequence.h"
#include "lancea/table/row_version_sequence.h"

namespace lancea {

class ReadPlan;
class ScanFilter;
class RowIdIndex;

/// Immutable but for synchronised caches; thread-safe.
class Dataset::Impl {
 public:
  std::string uri;        ///< as the user gave it
  StoreAndPath location;  ///< store and root of this table (of the branch, when on one)
  std::string main_root;  ///< root of the main branch
  std::map<std::string, std::string> storage_options;
  ManifestLocation manifest_location;
  std::shared_ptr<const Manifest> manifest;
  /// Begins the cache keys of what belongs to this version; differs when another table was written at
  /// the same path.
  std::string cache_identity;
  std::vector<IndexInfo> indices;
  std::shared_ptr<arrow::Schema> schema;
  std::shared_ptr<Session> session;
  std::shared_ptr<CommitHandler> commit_handler;  ///< nullptr: by what the store can do
  /// Set by Open; a child of the session's.
  std::unique_ptr<IoCounters> io_counters;
  /// Where mapped pages are looked at once; nullptr: they stay for what is asked next.
  std::unique_ptr<ResidentPages> resident_pages;

  /// Rows not deleted in the fragments before fragment i; one entry more than fragments.
  std::vector<uint64_t> live_offsets;

  const std::vector<FragmentMetadata>& fragments() const { return manifest->fragments; }

  /// Take the version to show: `manifest_location`, `indices` and all that tells where the table is are
  /// set already.
  arrow::Status SetManifest(std::shared_ptr<const Manifest> value);

  static std::shared_ptr<Dataset> MakeDataset(std::unique_ptr<Impl> impl);

  /// Store and path of a file; `location_of` is relative to a base path or to this table.
  arrow::Result<StoreAndPath> Resolve(std::optional<uint32_t> base_id,
                                      const std::string& full_path) const;

  /// Open data file, kept by the session.
  arrow::Result<std::shared_ptr<const DataFileReader>> OpenDataFile(const DataFile& file) const;

  /// Deleted rows of a fragment of `fragments()`, kept by the session and by this; nullptr when none is
  /// deleted.
  arrow::Result<std::shared_ptr<const DeletionVector>> Deletions(
      const FragmentMetadata& fragment) const;

  /// Stable row ids of a fragment; nullptr when the table has none.
  arrow::Result<std::shared_ptr<const RowIdSequence>> RowIds(
      const FragmentMetadata& fragment) const;

  /// Version of each row of a fragment.
  arrow::Result<std::shared_ptr<const RowVersionSequence>> CreatedAtVersions(
      const FragmentMetadata& fragment) const;
  arrow::Result<std::shared_ptr<const RowVersionSequence>> LastUpdatedAtVersions(
      const FragmentMetadata& fragment) const;

  /// The plan for a projection; kept, so that repeated takes pay for it once.
  arrow::Result<std::shared_ptr<const ReadPlan>> Plan(const ScanOptions& options) const;

  /// The plan of a scan of this projection, which flattens nested columns; kept likewise.
  arrow::Result<std::shared_ptr<const ReadPlan>> ScanPlan(const ScanOptions& options) const;

  /// The filter for this text; kept, so that repeated queries pay for parsing and binding once.
  arrow::Result<std::shared_ptr<const ScanFilter>> Filter(
      const std::string& text,
      const std::function<arrow::Result<std::shared_ptr<const ScanFilter>>()>& make) const;

  ReadOptions MakeReadOptions(const arrow::StopToken& stop) const;
  arrow::MemoryPool* memory_pool() const { return session->impl().memory_pool(); }

 private:
  arrow::Result<std::shared_ptr<const ReadPlan>> KeptPlan(const ScanOptions& options,
                                                          bool flattened) const;
  arrow::Result<std::shared_ptr<const DeletionVector>> LoadDeletions(
      const FragmentMetadata& fragment) const;
  template <typename Sequence>
  arrow::Result<std::shared_ptr<const Sequence>> ReadSequence(const FragmentMetadata& fragment,
                                                              const SequenceRef& ref,
                                                              int32_t hidden_field_id,
                                                              const char* what) const;

  // Takes ask for the deletions of a fragment row by row, so each fragment has a slot that is read
  // without a lock once it is filled. `value` is written before `ready`, and never again.
  struct DeletionSlot {
    std::atomic<bool> ready{false};
    std::shared_ptr<const DeletionVector> value;
  };
  mutable std::mutex deletions_mutex_;
  mutable std::unique_ptr<DeletionSlot[]> deletion_slots_;
  mutable std::atomic<DeletionSlot*> deletion_slots_ready_{nullptr};

  mutable std::mutex plans_mutex_;
  mutable std::map<std::string, std::shared_ptr<const ReadPlan>> plans_;
  mutable std::map<std::string, std::shared_ptr<const ScanFilter>> filters_;
};

}  // namespace lancea
