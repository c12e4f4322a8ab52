#include "lancea/health.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "lancea/cleanup.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/maintain/compaction_plan.h"
#include "lancea/table/index_metadata.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

void CountFragments(const Dataset::Impl& dataset, uint64_t target_rows, TableHealth* health) {
  uint64_t stored = 0;
  for (size_t i = 0; i < dataset.fragments().size(); ++i) {
    const FragmentMetadata& fragment = dataset.fragments()[i];
    stored += fragment.physical_rows;
    health->num_small_fragments += fragment.physical_rows < target_rows;
    health->num_data_files += fragment.files.size();
    for (const DataFile& file : fragment.files) health->data_bytes += file.file_size_bytes;
  }
  health->num_fragments = dataset.fragments().size();
  health->num_rows = dataset.live_offsets.back();
  health->num_deleted_rows = stored - health->num_rows;
  if (stored > 0) {
    health->deleted_share =
        static_cast<double>(health->num_deleted_rows) / static_cast<double>(stored);
  }
}

void CheckCompaction(const Dataset& dataset, const CompactionOptions& options,
                     TableHealth* health) {
  auto plan = PlanCompaction(dataset, options);
  if (!plan.ok()) {
    health->compaction_obstacle = plan.status().message();
    return;
  }
  const uint64_t target = std::max<uint64_t>(1, options.target_rows_per_fragment);
  health->compaction_tasks = plan->tasks.size();
  for (const auto& task : plan->tasks) {
    uint64_t live = 0;
    for (const FragmentMetadata& fragment : task) {
      live += fragment.num_rows();
      health->compaction_deleted_rows += fragment.num_deletions();
      for (const DataFile& file : fragment.files) health->compaction_bytes += file.file_size_bytes;
    }
    health->compaction_fragments += task.size();
    if (live > 0) health->compaction_fragments_after += std::max<uint64_t>(1, live / target);
  }
}

arrow::Status CheckFiles(const Dataset& dataset, uint64_t older_than_seconds, TableHealth* health) {
  using std::chrono::duration_cast;
  using std::chrono::nanoseconds;
  CleanupOptions options;
  options.dry_run = true;
  options.error_if_tagged_old_versions = false;
  options.retain_versions = 1;
  ARROW_ASSIGN_OR_RAISE(CleanupResult all, CleanupOldVersions(dataset, options));
  auto bytes_of_versions = [](const CleanupResult& result) {
    uint64_t bytes = 0;
    for (const RemovedFile& file : result.files) bytes += file.is_orphan ? 0 : file.size;
    return bytes;
  };
  health->old_versions = all.old_versions;
  health->old_bytes = bytes_of_versions(all);
  for (const RemovedFile& file : all.files) health->removable_orphan_files += file.is_orphan;

  options.retain_versions.reset();
  const int64_t now =
      duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  constexpr int64_t kNanos = 1000000000;
  const auto age = static_cast<int64_t>(
      std::min<uint64_t>(older_than_seconds, static_cast<uint64_t>(now / kNanos)));
  options.before_timestamp_nanos = now - age * kNanos;
  ARROW_ASSIGN_OR_RAISE(CleanupResult expired, CleanupOldVersions(dataset, options));
  health->expired_versions = expired.old_versions;
  health->expired_bytes = bytes_of_versions(expired);

  ARROW_ASSIGN_OR_RAISE(auto orphans, FindOrphans(dataset));
  health->orphan_files = orphans.size();
  for (const RemovedFile& file : orphans) health->orphan_bytes += file.size;
  ARROW_ASSIGN_OR_RAISE(
      auto manifests, ListManifests(*dataset.impl().location.store, dataset.impl().location.path));
  health->num_versions = manifests.size();
  return arrow::Status::OK();
}

void CheckIndices(const Dataset::Impl& dataset, TableHealth* health) {
  struct Coverage {
    std::set<uint32_t> fragments;
    uint64_t num_parts = 0;
  };
  std::map<std::string, Coverage> by_name;
  // A history of rewrites that cannot be read leaves the coverage as it is noted.
  const auto translated = IndicesWithCoverage(dataset);
  for (const IndexInfo& index : translated.ok() ? *translated : dataset.indices) {
    if (IsSystemIndex(index)) continue;
    Coverage& coverage = by_name[index.name];
    coverage.fragments.insert(index.fragment_ids.begin(), index.fragment_ids.end());
    ++coverage.num_parts;
  }
  for (const auto& [name, coverage] : by_name) {
    IndexHealth index{name, coverage.num_parts, 0, 0};
    for (size_t i = 0; i < dataset.fragments().size(); ++i) {
      if (coverage.fragments.contains(static_cast<uint32_t>(dataset.fragments()[i].id))) continue;
      ++index.unindexed_fragments;
      index.unindexed_rows += dataset.live_offsets[i + 1] - dataset.live_offsets[i];
    }
    health->indices.push_back(std::move(index));
  }
}

std::string Bytes(uint64_t bytes) { return std::to_string(bytes) + " bytes"; }

void ListSteps(TableHealth* health) {
  MaintenanceStep compact{"compact", "", health->compaction_tasks > 0};
  if (!health->compaction_obstacle.empty()) {
    compact.gain = "not possible: " + health->compaction_obstacle;
  } else if (compact.is_due) {
    compact.gain = std::to_string(health->compaction_fragments) + " fragments become " +
                   std::to_string(health->compaction_fragments_after) + ", " +
                   std::to_string(health->compaction_deleted_rows) +
                   " deleted rows leave the files, " + Bytes(health->compaction_bytes) +
                   " are rewritten";
  }
  health->steps.push_back(std::move(compact));
  for (const IndexHealth& index : health->indices) {
    MaintenanceStep step{"optimize index " + index.name, "",
                         index.unindexed_rows > 0 || index.num_parts > 1};
    if (step.is_due) {
      step.gain = std::to_string(index.unindexed_rows) + " rows are searched without it, in " +
                  std::to_string(index.num_parts) + " parts it is";
    }
    health->steps.push_back(std::move(step));
  }
  MaintenanceStep cleanup{"cleanup", "", health->expired_versions > 0};
  if (cleanup.is_due) {
    cleanup.gain = std::to_string(health->expired_versions) + " old versions go, " +
                   Bytes(health->expired_bytes) + " are freed";
  }
  health->steps.push_back(std::move(cleanup));
  MaintenanceStep orphans{"remove orphans", "", health->removable_orphan_files > 0};
  if (health->orphan_files > 0) {
    orphans.gain = std::to_string(health->orphan_files) + " files, " + Bytes(health->orphan_bytes) +
                   ", belong to no version; " + std::to_string(health->removable_orphan_files) +
                   " are older than seven days";
  }
  health->steps.push_back(std::move(orphans));
}

}  // namespace

arrow::Result<TableHealth> CheckHealth(const Dataset& dataset, const HealthOptions& options) {
  TableHealth health;
  health.version = dataset.version();
  CountFragments(dataset.impl(), options.compaction.target_rows_per_fragment, &health);
  CheckCompaction(dataset, options.compaction, &health);
  ARROW_RETURN_NOT_OK(CheckFiles(dataset, options.older_than_seconds, &health));
  CheckIndices(dataset.impl(), &health);
  ListSteps(&health);
  return health;
}

}  // namespace lancea
