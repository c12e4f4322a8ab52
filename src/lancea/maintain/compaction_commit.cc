// Committing compaction: fragment ids are reserved first, because two rewrites may be under way at once;
// then old fragments are exchanged for new ones, on top of whatever was committed since they were read.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <utility>

#include "lancea/compaction.h"
#include "lancea/dataset/parallel_for.h"
#include "lancea/index_remapper.h"
#include "lancea/maintain/compaction_plan.h"
#include "lancea/table/commit.h"
#include "lancea/table/index_coverage.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"
#include "lancea/util/uuid.h"
#include "lancea/write/write_context.h"

namespace lancea {
namespace {

Transaction MakeTransaction(uint64_t read_version, Operation operation) {
  Transaction transaction;
  transaction.read_version = read_version;
  transaction.uuid = Uuid::Random().ToString();
  transaction.operation = std::move(operation);
  return transaction;
}

// Best effort: what stays behind is an orphan that cleanup removes.
void RemoveNewFiles(const Dataset& dataset, const std::vector<RewriteResult>& results) {
  const StoreAndPath& location = dataset.impl().location;
  const std::string directory = JoinPath(location.path, kDataDirectory);
  for (const RewriteResult& result : results) {
    for (const FragmentMetadata& fragment : result.new_fragments) {
      for (const DataFile& file : fragment.files) {
        if (file.base_id) continue;
        const std::string path = JoinPath(directory, file.path);
        (void)location.store->Delete(path);
        if (path.ends_with(".lance")) {  // blobs beside it
          (void)location.store->DeleteDirectory(path.substr(0, path.size() - 6));
        }
      }
    }
  }
}

// Progress of tasks that run side by side, added up.
class TotalProgress {
 public:
  TotalProgress(const CompactionRun& run, const CompactionPlan& plan)
      : run_(run), tasks_(plan.tasks.size()) {
    for (const auto& task : plan.tasks) {
      for (const FragmentMetadata& fragment : task) total_.total_rows += fragment.num_rows();
    }
  }

  CompactionRun OfTask(size_t task) {
    CompactionRun run;
    run.stop = run_.stop;
    if (!run_.progress) return run;
    run.progress = [this, task](const CompactionProgress& progress) {
      std::lock_guard<std::mutex> lock(mutex_);
      total_.rows += progress.rows - tasks_[task].rows;
      total_.bytes += progress.bytes - tasks_[task].bytes;
      tasks_[task] = progress;
      return run_.progress(total_);
    };
    return run;
  }

 private:
  const CompactionRun& run_;
  std::mutex mutex_;
  std::vector<CompactionProgress> tasks_;
  CompactionProgress total_;
};

arrow::Status CheckResults(const Dataset& dataset, const std::vector<RewriteResult>& results,
                           const CompactionOptions& options) {
  std::set<uint64_t> seen;
  for (const RewriteResult& result : results) {
    ARROW_RETURN_NOT_OK(
        CheckIndicesAllowRewrite(dataset.impl(), result.original_fragments, options));
    for (const FragmentMetadata& fragment : result.original_fragments) {
      if (!seen.insert(fragment.id).second) {
        return InvalidInput("fragment ", fragment.id, " was rewritten by two tasks");
      }
    }
  }
  return arrow::Status::OK();
}

/// Record where the rows went, if any of them is in an index that has to be told.
/// \param read_version  the version new fragments follow
arrow::Status RecordReuse(const Dataset::Impl& dataset, const std::vector<RewriteResult>& results,
                          uint64_t read_version, operation::Rewrite* rewrite) {
  ARROW_ASSIGN_OR_RAISE(const KnownReuse reuse, ReadFragmentReuse(dataset));
  ARROW_ASSIGN_OR_RAISE(const auto indices, IndicesWithCoverage(dataset));
  bool is_indexed = false;
  std::vector<FragmentReuse::Group> groups;
  for (size_t i = 0; i < results.size(); ++i) {
    const operation::RewriteGroup& group = rewrite->groups[i];
    if (results[i].row_addresses.empty() && !group.new_fragments.empty()) {
      return InvalidInput("defer_index_remap: a task was executed without it");
    }
    for (const FragmentMetadata& fragment : group.old_fragments) {
      is_indexed |= reuse.history.IsDestination(fragment.id) ||
                    std::ranges::any_of(indices, [&](const IndexInfo& index) {
                      return Covers(index, fragment.id);
                    });
    }
    std::string addresses = results[i].row_addresses;
    if (addresses.empty()) addresses = SerializeRowAddresses({});
    groups.push_back({std::move(addresses), group.old_fragments, group.new_fragments});
  }
  if (!is_indexed) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(
      auto entry,
      reuse.history.Append(*dataset.location.store, dataset.location.path, read_version, groups));
  rewrite->fragment_reuse = {std::move(entry), reuse.uuid};
  return arrow::Status::OK();
}

/// Where the rows of all groups are now.
arrow::Result<RowAddressMap> MapRows(const Dataset::Impl& dataset,
                                     const std::vector<operation::RewriteGroup>& groups) {
  RowAddressMap out;
  for (const operation::RewriteGroup& group : groups) {
    std::vector<uint64_t> ids;
    std::vector<RowAddressMap::LiveRun> runs;
    for (const FragmentMetadata& fragment : group.old_fragments) {
      ids.push_back(fragment.id);
      ARROW_ASSIGN_OR_RAISE(auto deletions, dataset.Deletions(fragment));
      std::vector<RowRange> live;
      const DeletionVector none;
      (deletions == nullptr ? none : *deletions)
          .AppendLiveRanges({0, fragment.physical_rows}, &live);
      for (const RowRange& range : live) runs.push_back({fragment.id, range.start, range.end});
    }
    ARROW_RETURN_NOT_OK(out.AddGroup(ids, runs, group.new_fragments));
  }
  return out;
}

/// Let the indices over rewritten fragments be written anew.
arrow::Status RemapIndices(const Dataset& dataset, operation::Rewrite* rewrite) {
  std::optional<RowAddressMap> rows;
  ARROW_ASSIGN_OR_RAISE(const auto indices, IndicesWithCoverage(dataset.impl()));
  for (const IndexInfo& index : indices) {
    const bool is_affected = std::ranges::any_of(rewrite->groups, [&](const auto& group) {
      return std::ranges::any_of(group.old_fragments, [&](const FragmentMetadata& fragment) {
        return Covers(index, fragment.id);
      });
    });
    const auto remapper = is_affected ? FindIndexRemapper(index) : nullptr;
    if (remapper == nullptr) continue;
    if (!rows) {
      ARROW_ASSIGN_OR_RAISE(rows, MapRows(dataset.impl(), rewrite->groups));
    }
    ARROW_ASSIGN_OR_RAISE(auto rewritten, remapper->Remap(dataset, index, *rows));
    rewrite->rewritten_indices.push_back(std::move(rewritten));
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<Compacted> CommitCompaction(const std::shared_ptr<Dataset>& dataset,
                                          const std::vector<RewriteResult>& results,
                                          const CompactionOptions& options) {
  Compacted out{dataset, {}};
  if (results.empty()) return out;
  ARROW_RETURN_NOT_OK(CheckResults(*dataset, results, options));
  ARROW_ASSIGN_OR_RAISE(auto context, WriteContext::Make(dataset->uri(), dataset, nullptr, {}));
  CommitTarget target = context.Target();

  operation::Rewrite rewrite;
  uint64_t read_version = dataset->version(), num_new = 0;
  for (const RewriteResult& result : results) {
    read_version = std::min(read_version, result.read_version);
    num_new += result.new_fragments.size();
    out.metrics += result.metrics;
    rewrite.groups.push_back({result.original_fragments, result.new_fragments});
  }
  if (num_new > 0) {
    const auto count = static_cast<uint32_t>(num_new);
    ARROW_ASSIGN_OR_RAISE(
        CommitResult reserved,
        Commit(target, MakeTransaction(dataset->version(), operation::ReserveFragments{count})));
    uint64_t next_id = uint64_t{*reserved.version.manifest->max_fragment_id} + 1 - num_new;
    for (operation::RewriteGroup& group : rewrite.groups) {
      for (FragmentMetadata& fragment : group.new_fragments) fragment.id = next_id++;
    }
    target.known = std::move(reserved.version);
  }
  if (!dataset->impl().manifest->has_stable_row_ids()) {
    ARROW_RETURN_NOT_OK(
        options.defer_index_remap
            ? RecordReuse(dataset->impl(), results, target.known->manifest->version, &rewrite)
            : RemapIndices(*dataset, &rewrite));
  }
  // What others committed since the tasks read is checked, that before the reservation included.
  Transaction transaction = MakeTransaction(read_version, std::move(rewrite));
  transaction.properties = options.transaction_properties;
  ARROW_ASSIGN_OR_RAISE(CommitResult committed, Commit(target, std::move(transaction)));
  ARROW_ASSIGN_OR_RAISE(out.dataset, context.Open(std::move(committed.version)));
  return out;
}

arrow::Result<Compacted> CompactFiles(const std::shared_ptr<Dataset>& dataset,
                                      const CompactionOptions& options, const CompactionRun& run) {
  ARROW_ASSIGN_OR_RAISE(CompactionPlan plan, PlanCompaction(*dataset, options));
  return CompactPlanned(dataset, plan, run);
}

arrow::Result<Compacted> CompactPlanned(const std::shared_ptr<Dataset>& dataset,
                                        const CompactionPlan& plan, const CompactionRun& run) {
  if (plan.tasks.empty()) return Compacted{dataset, {}};
  std::vector<RewriteResult> results(plan.tasks.size());
  TotalProgress progress(run, plan);
  const size_t workers = std::min<size_t>(plan.tasks.size(), NumTasksAtOnce(plan.options));
  std::atomic<size_t> next{0};
  auto work = [&](size_t) -> arrow::Status {
    for (size_t task = next++; task < results.size(); task = next++) {
      ARROW_ASSIGN_OR_RAISE(results[task],
                            ExecuteCompaction(*dataset, plan.Task(task), progress.OfTask(task)));
    }
    return arrow::Status::OK();
  };
  arrow::Status status =
      ParallelFor(dataset->impl().session->impl().cpu_executor(), workers, run.stop, work);
  if (status.ok()) {
    auto committed = CommitCompaction(dataset, results, plan.options);
    if (committed.ok()) return committed;
    status = committed.status();
  }
  if (!IsCommitStatusUnknown(status)) RemoveNewFiles(*dataset, results);
  return status;
}

}  // namespace lancea
