// Which versions are old, which files only they need, and removing these.
#include "lancea/cleanup.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "lancea/dataset/dataset_impl.h"
#include "lancea/dataset/parallel_for.h"
#include "lancea/dataset/referenced_files.h"
#include "lancea/maintain/cleanup_one_branch.h"
#include "lancea/table/refs.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// A file that no version refers to may belong to a write that is going on; after this it does not.
constexpr int64_t kUnverifiedNanos = int64_t{7} * 86400 * 1000000000;
constexpr uint64_t kDeletesAtOnce = 16;
constexpr uint64_t kReadsAtOnce = 16;

int64_t NowNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct Version {
  ManifestLocation location;
  std::shared_ptr<const Manifest> manifest;
  std::vector<IndexInfo> indices;
};

// A manifest that is gone meanwhile is left out: another cleanup took it.
arrow::Result<std::vector<Version>> ReadVersionsOf(ObjectStore& store, const std::string& root,
                                                   arrow::internal::Executor* executor) {
  ARROW_ASSIGN_OR_RAISE(auto locations, ListManifests(store, root));
  std::vector<std::optional<Version>> read(locations.size());
  std::atomic<size_t> next{0};
  auto read_one = [&](size_t i) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto reader, store.Open(locations[i].path, locations[i].size));
    ARROW_ASSIGN_OR_RAISE(auto manifest, ReadManifest(*reader));
    ARROW_ASSIGN_OR_RAISE(auto indices, ReadIndexSection(*reader, *manifest));
    ManifestLocation location = locations[i];
    location.size = reader->size();
    read[i] = Version{std::move(location), std::move(manifest), std::move(indices)};
    return arrow::Status::OK();
  };
  auto work = [&](size_t) -> arrow::Status {
    for (size_t i = next++; i < locations.size(); i = next++) {
      const arrow::Status status = read_one(i);
      if (!status.ok() && CategoryOf(status) != ErrorCategory::kNotFound) return status;
    }
    return arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(ParallelFor(executor, std::min<size_t>(kReadsAtOnce, locations.size()),
                                  arrow::StopToken::Unstoppable(), work));
  std::vector<Version> versions;
  for (auto& version : read) {
    if (version) versions.push_back(*std::move(version));
  }
  return versions;
}

// Lets so many pass in a second.
class RateLimit {
 public:
  explicit RateLimit(std::optional<uint64_t> per_second) {
    if (per_second) between_ = std::chrono::nanoseconds(1000000000 / *per_second);
  }

  void Wait() {
    if (between_.count() == 0) return;
    Clock::time_point turn;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      turn = std::max(next_, Clock::now());
      next_ = turn + between_;
    }
    std::this_thread::sleep_until(turn);
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::chrono::nanoseconds between_{0};
  std::mutex mutex_;
  Clock::time_point next_;
};

class Cleanup {
 public:
  Cleanup(const Dataset::Impl& dataset, const CleanupOptions& options,
          const std::set<std::string>& gone_manifests = {})
      : store_(*dataset.location.store),
        root_(dataset.location.path),
        main_root_(dataset.main_root),
        branch_(dataset.manifest->branch),
        own_version_(dataset.manifest->version),
        executor_(dataset.session->impl().cpu_executor()),
        options_(options),
        gone_manifests_(gone_manifests) {}

  arrow::Result<CleanupResult> Run() {
    ARROW_RETURN_NOT_OK(CheckOptions());
    ARROW_RETURN_NOT_OK(Look());
    ARROW_RETURN_NOT_OK(ChooseOld());
    ARROW_RETURN_NOT_OK(CollectReferences());
    ARROW_RETURN_NOT_OK(CollectFiles());
    if (!options_.dry_run) ARROW_RETURN_NOT_OK(Remove());
    for (const RemovedFile& file : result_.files) Count(file);
    return std::move(result_);
  }

  arrow::Result<std::vector<RemovedFile>> Orphans() {
    ARROW_RETURN_NOT_OK(Look());
    ARROW_RETURN_NOT_OK(CollectReferences());
    ARROW_RETURN_NOT_OK(CollectFiles(/*of_any_age=*/true));
    return std::move(result_.files);
  }

 private:
  arrow::Status CheckOptions() const {
    for (const auto& [name, value] : {std::pair{"retain_versions", options_.retain_versions},
                                      {"delete_rate_limit", options_.delete_rate_limit},
                                      {"delete_concurrency", options_.delete_concurrency}}) {
      if (value && *value == 0) return InvalidInput(name, " must be greater than 0, got 0");
    }
    return arrow::Status::OK();
  }

  // Files first: one that a writer commits meanwhile is then found in a manifest.
  arrow::Status Look() {
    ARROW_ASSIGN_OR_RAISE(files_, ListTableFiles(store_, root_));
    ARROW_ASSIGN_OR_RAISE(versions_, ReadVersionsOf(store_, root_, executor_));
    if (versions_.empty()) return NotFound("there is no table at ", root_);
    result_.read_version = versions_.back().manifest->version;
    ARROW_ASSIGN_OR_RAISE(branches_, ReadBranches(store_, main_root_));
    return arrow::Status::OK();
  }

  arrow::Status ChooseOld() {
    std::set<uint64_t> kept = {versions_.back().manifest->version};
    ARROW_ASSIGN_OR_RAISE(auto tags, ReadTags(store_, main_root_));
    std::map<uint64_t, std::string> tagged;
    for (const auto& [name, tag] : tags) {
      if (tag.branch.value_or(kMainBranch) == branch_.value_or(kMainBranch)) {
        tagged.emplace(tag.version, name);
      }
    }
    for (const auto& [name, branch] : branches_) {
      if (branch.parent_branch.value_or(kMainBranch) == branch_.value_or(kMainBranch)) {
        kept.insert(branch.parent_version);
        result_.referenced_branches.emplace_back(name, branch.parent_version);
      }
    }
    const size_t first_retained =
        options_.retain_versions && *options_.retain_versions < versions_.size()
            ? versions_.size() - *options_.retain_versions
            : (options_.retain_versions ? 0 : versions_.size());
    // The version that is open, and what came after it, may be in use.
    const uint64_t first_kept =
        std::min(own_version_, options_.keep_from_version.value_or(own_version_));
    const bool is_asked = options_.before_timestamp_nanos || options_.before_version ||
                          options_.retain_versions || options_.versions;
    for (size_t i = 0; i < versions_.size(); ++i) {
      const Manifest& manifest = *versions_[i].manifest;
      bool old = is_asked;
      if (options_.before_timestamp_nanos) {
        old = old && manifest.timestamp_nanos < *options_.before_timestamp_nanos;
      }
      if (options_.before_version) old = old && manifest.version < *options_.before_version;
      if (options_.retain_versions) old = old && i < first_retained;
      if (options_.versions) {
        old = old &&
              std::ranges::find(*options_.versions, manifest.version) != options_.versions->end();
      }
      if (!old || manifest.version >= first_kept || kept.contains(manifest.version)) continue;
      if (auto tag = tagged.find(manifest.version); tag != tagged.end()) {
        if (!options_.error_if_tagged_old_versions) continue;
        return InvalidInput("version ", manifest.version,
                            " is old enough to be removed but has the tag \"", tag->second,
                            "\"; delete the tag, or keep tagged versions with "
                            "error_if_tagged_old_versions = false");
      }
      old_.insert(manifest.version);
    }
    return arrow::Status::OK();
  }

  // Branches are shallow clones: they refer to files below the root they came from.
  arrow::Status CollectReferences() {
    for (const Version& version : versions_) {
      ReferencedFiles& into = old_.contains(version.manifest->version) ? only_old_ : live_;
      ARROW_RETURN_NOT_OK(into.Add(root_, *version.manifest, version.indices));
    }
    std::vector<std::string> roots = {main_root_};
    for (const auto& [name, unused] : branches_) roots.push_back(BranchRoot(main_root_, name));
    for (const std::string& root : roots) {
      if (root == root_) continue;
      ARROW_ASSIGN_OR_RAISE(auto versions, ReadVersionsOf(store_, root, executor_));
      for (const Version& version : versions) {
        if (gone_manifests_.contains(version.location.path)) continue;
        ARROW_RETURN_NOT_OK(live_.Add(root, *version.manifest, version.indices));
      }
    }
    return arrow::Status::OK();
  }

  // Manifests first: a version whose files are gone must not be opened.
  arrow::Status CollectFiles(bool of_any_age = false) {
    for (const Version& version : versions_) {
      if (!old_.contains(version.manifest->version)) continue;
      Add(version.location.path, RemovedFile::Kind::kManifest, version.location.size, false);
    }
    const int64_t young = NowNanos() - kUnverifiedNanos;
    for (const TableFile& file : files_) {
      ARROW_RETURN_NOT_OK(options_.stop.Poll());
      if (live_.Contains(file.path, file.kind)) continue;
      const bool is_orphan = !only_old_.Contains(file.path, file.kind);
      const bool is_safe = !is_orphan || of_any_age || options_.delete_unverified ||
                           (file.modified_nanos != 0 && file.modified_nanos < young);
      if (is_safe) Add(file.path, file.kind, file.size, is_orphan);
    }
    return arrow::Status::OK();
  }

  void Add(const std::string& path, RemovedFile::Kind kind, uint64_t size, bool is_orphan) {
    std::string relative = path;
    if (relative.starts_with(root_ + "/")) relative.erase(0, root_.size() + 1);
    result_.files.push_back({std::move(relative), kind, size, is_orphan});
  }

  void Count(const RemovedFile& file) {
    using Kind = RemovedFile::Kind;
    result_.bytes_removed += file.size;
    result_.old_versions += file.kind == Kind::kManifest;
    result_.data_files_removed += file.kind == Kind::kData;
    result_.transaction_files_removed += file.kind == Kind::kTransaction;
    result_.index_files_removed += file.kind == Kind::kIndex;
    result_.deletion_files_removed += file.kind == Kind::kDeletion;
  }

  // A crash half-way leaves orphans, never a version with missing files; and a version whose manifest
  // cannot be removed keeps its files.
  arrow::Status Remove() {
    auto manifests_end = std::ranges::find_if_not(result_.files, [](const RemovedFile& file) {
      return file.kind == RemovedFile::Kind::kManifest;
    });
    std::vector<RemovedFile> files(manifests_end, result_.files.end());
    std::vector<RemovedFile> manifests(result_.files.begin(), manifests_end);
    result_.files.clear();
    progress_.total_files = files.size() + manifests.size();
    std::set<std::string> failed;
    ARROW_RETURN_NOT_OK(RemoveAll(std::move(manifests), &failed));
    if (!failed.empty()) {
      ReferencedFiles kept;
      for (const Version& version : versions_) {
        if (!failed.contains(version.location.path)) continue;
        ARROW_RETURN_NOT_OK(kept.Add(root_, *version.manifest, version.indices));
      }
      std::erase_if(files, [&](const RemovedFile& file) {
        return kept.Contains(JoinPath(root_, file.path), file.kind);
      });
    }
    return RemoveAll(std::move(files), &failed);
  }

  arrow::Status RemoveAll(std::vector<RemovedFile> files, std::set<std::string>* failed) {
    std::vector<char> removed(files.size(), 0);
    std::atomic<size_t> next{0};
    RateLimit limit(options_.delete_rate_limit);
    auto work = [&](size_t) -> arrow::Status {
      for (size_t i = next++; i < files.size(); i = next++) {
        ARROW_RETURN_NOT_OK(options_.stop.Poll());
        limit.Wait();
        const arrow::Status status = store_.Delete(JoinPath(root_, files[i].path));
        // Another cleanup may have been first.
        removed[i] = status.ok() || CategoryOf(status) == ErrorCategory::kNotFound;
        Report(removed[i] != 0 ? files[i].size : 0);
      }
      return arrow::Status::OK();
    };
    const size_t workers =
        std::min<size_t>(files.size(), options_.delete_concurrency.value_or(kDeletesAtOnce));
    ARROW_RETURN_NOT_OK(ParallelFor(executor_, workers, options_.stop, work));
    for (size_t i = 0; i < files.size(); ++i) {
      if (removed[i] != 0) {
        result_.files.push_back(std::move(files[i]));
      } else {
        ++result_.failed_deletes;
        failed->insert(JoinPath(root_, files[i].path));
      }
    }
    return arrow::Status::OK();
  }

  void Report(uint64_t bytes_freed) {
    if (!options_.progress) return;
    std::lock_guard<std::mutex> lock(progress_mutex_);
    ++progress_.files;
    progress_.bytes += bytes_freed;
    options_.progress(progress_);
  }

  ObjectStore& store_;
  const std::string root_;
  const std::string main_root_;
  const std::optional<std::string> branch_;
  const uint64_t own_version_;
  arrow::internal::Executor* const executor_;
  const CleanupOptions options_;
  const std::set<std::string> gone_manifests_;
  std::vector<TableFile> files_;
  std::vector<Version> versions_;
  std::map<std::string, BranchInfo> branches_;
  std::set<uint64_t> old_;
  ReferencedFiles live_, only_old_;
  CleanupResult result_;
  std::mutex progress_mutex_;
  CleanupProgress progress_;
};

}  // namespace

arrow::Result<CleanupResult> CleanUpOneBranch(const Dataset& dataset, const CleanupOptions& options,
                                              const std::set<std::string>& gone_manifests) {
  return Cleanup(dataset.impl(), options, gone_manifests).Run();
}

arrow::Result<std::vector<RemovedFile>> FindOrphans(const Dataset& dataset) {
  return Cleanup(dataset.impl(), {}).Orphans();
}

}  // namespace lancea
