#include "lancea/cleanup.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "lancea/dataset/dataset_impl.h"
#include "lancea/dataset/referenced_files.h"
#include "lancea/table/refs.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// A file that no version refers to may belong to a write that is going on; after this it does not.
constexpr int64_t kUnverifiedNanos = int64_t{7} * 86400 * 1000000000;

int64_t NowNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct Version {
  ManifestLocation location;
  Manifest manifest;
  std::vector<IndexInfo> indices;
};

// A manifest that is gone meanwhile is left out: another cleanup took it.
arrow::Result<std::vector<Version>> ReadVersionsOf(ObjectStore& store, const std::string& root) {
  ARROW_ASSIGN_OR_RAISE(auto locations, ListManifests(store, root));
  std::vector<Version> versions;
  for (ManifestLocation& location : locations) {
    auto read = [&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(auto reader, store.Open(location.path, location.size));
      ARROW_ASSIGN_OR_RAISE(auto manifest, ReadManifest(*reader));
      ARROW_ASSIGN_OR_RAISE(auto indices, ReadIndexSection(*reader, *manifest));
      versions.push_back({std::move(location), *manifest, std::move(indices)});
      return arrow::Status::OK();
    };
    const arrow::Status status = read();
    if (!status.ok() && CategoryOf(status) != ErrorCategory::kNotFound) return status;
  }
  return versions;
}

class Cleanup {
 public:
  Cleanup(const Dataset::Impl& dataset, const CleanupOptions& options)
      : store_(*dataset.location.store),
        root_(dataset.location.path),
        main_root_(dataset.main_root),
        branch_(dataset.manifest->branch),
        options_(options) {}

  arrow::Result<CleanupResult> Run() {
    ARROW_ASSIGN_OR_RAISE(versions_, ReadVersionsOf(store_, root_));
    if (versions_.empty()) return NotFound("there is no table at ", root_);
    ARROW_RETURN_NOT_OK(ChooseOld());
    ARROW_RETURN_NOT_OK(CollectReferences());
    ARROW_RETURN_NOT_OK(CollectFiles());
    if (!options_.dry_run) ARROW_RETURN_NOT_OK(Remove());
    return std::move(result_);
  }

  arrow::Result<std::vector<RemovedFile>> Orphans() {
    ARROW_ASSIGN_OR_RAISE(versions_, ReadVersionsOf(store_, root_));
    ARROW_RETURN_NOT_OK(CollectReferences());
    ARROW_RETURN_NOT_OK(CollectFiles(/*of_any_age=*/true));
    return std::move(result_.files);
  }

 private:
  arrow::Status ChooseOld() {
    std::set<uint64_t> kept = {versions_.back().manifest.version};
    ARROW_ASSIGN_OR_RAISE(auto tags, ReadTags(store_, main_root_));
    std::map<uint64_t, std::string> tagged;
    for (const auto& [name, tag] : tags) {
      if (tag.branch.value_or(kMainBranch) == branch_.value_or(kMainBranch)) {
        tagged.emplace(tag.version, name);
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto branches, ReadBranches(store_, main_root_));
    for (const auto& [name, branch] : branches) {
      if (branch.parent_branch.value_or(kMainBranch) == branch_.value_or(kMainBranch)) {
        kept.insert(branch.parent_version);
      }
    }
    const size_t first_retained =
        options_.retain_versions && *options_.retain_versions < versions_.size()
            ? versions_.size() - *options_.retain_versions
            : (options_.retain_versions ? 0 : versions_.size());
    const bool by_age = options_.before_timestamp_nanos || options_.before_version;
    for (size_t i = 0; i < versions_.size(); ++i) {
      const Manifest& manifest = versions_[i].manifest;
      bool old = by_age || options_.retain_versions.has_value();
      if (options_.before_timestamp_nanos) {
        old = old && manifest.timestamp_nanos < *options_.before_timestamp_nanos;
      }
      if (options_.before_version) old = old && manifest.version < *options_.before_version;
      if (options_.retain_versions) old = old && i < first_retained;
      if (!old || kept.contains(manifest.version)) continue;
      if (auto tag = tagged.find(manifest.version); tag != tagged.end()) {
        if (!options_.error_if_tagged_old_versions) continue;
        return InvalidInput("version ", manifest.version, " is old enough to be removed but has the tag \"",
                            tag->second,
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
      ReferencedFiles& into = old_.contains(version.manifest.version) ? only_old_ : live_;
      ARROW_RETURN_NOT_OK(into.Add(root_, version.manifest, version.indices));
    }
    ARROW_ASSIGN_OR_RAISE(auto branches, ReadBranches(store_, main_root_));
    std::vector<std::string> roots = {main_root_};
    for (const auto& [name, unused] : branches) roots.push_back(BranchRoot(main_root_, name));
    for (const std::string& root : roots) {
      if (root == root_) continue;
      ARROW_ASSIGN_OR_RAISE(auto versions, ReadVersionsOf(store_, root));
      for (const Version& version : versions) {
        ARROW_RETURN_NOT_OK(live_.Add(root, version.manifest, version.indices));
      }
    }
    return arrow::Status::OK();
  }

  arrow::Status CollectFiles(bool of_any_age = false) {
    ARROW_ASSIGN_OR_RAISE(auto files, ListTableFiles(store_, root_));
    const int64_t young = NowNanos() - kUnverifiedNanos;
    for (const TableFile& file : files) {
      ARROW_RETURN_NOT_OK(options_.stop.Poll());
      if (live_.Contains(file.path, file.kind)) continue;
      const bool is_orphan = !only_old_.Contains(file.path, file.kind);
      const bool is_safe = !is_orphan || of_any_age || options_.delete_unverified ||
                           (file.modified_nanos != 0 && file.modified_nanos < young);
      if (is_safe) Add(file.path, file.kind, file.size, is_orphan);
    }
    // Manifests last: a version whose files are gone must not be opened, so it goes first, below.
    for (const Version& version : versions_) {
      if (!old_.contains(version.manifest.version)) continue;
      uint64_t size = version.location.size;
      Add(version.location.path, RemovedFile::Kind::kManifest, size, false);
    }
    return arrow::Status::OK();
  }

  void Add(const std::string& path, RemovedFile::Kind kind, uint64_t size, bool is_orphan) {
    using Kind = RemovedFile::Kind;
    std::string relative = path;
    if (relative.starts_with(root_ + "/")) relative.erase(0, root_.size() + 1);
    result_.files.push_back({std::move(relative), kind, size, is_orphan});
    result_.bytes_removed += size;
    result_.old_versions += kind == Kind::kManifest;
    result_.data_files_removed += kind == Kind::kData;
    result_.transaction_files_removed += kind == Kind::kTransaction;
    result_.index_files_removed += kind == Kind::kIndex;
    result_.deletion_files_removed += kind == Kind::kDeletion;
  }

  // Manifests go before the files they name: a crash half-way leaves orphans, never a version with
  // missing files.
  arrow::Status Remove() {
    std::stable_partition(result_.files.begin(), result_.files.end(), [](const RemovedFile& file) {
      return file.kind == RemovedFile::Kind::kManifest;
    });
    for (const RemovedFile& file : result_.files) {
      ARROW_RETURN_NOT_OK(options_.stop.Poll());
      const arrow::Status status = store_.Delete(JoinPath(root_, file.path));
      if (!status.ok() && CategoryOf(status) != ErrorCategory::kNotFound) return status;
    }
    return arrow::Status::OK();
  }

  ObjectStore& store_;
  const std::string root_;
  const std::string main_root_;
  const std::optional<std::string> branch_;
  const CleanupOptions options_;
  std::vector<Version> versions_;
  std::set<uint64_t> old_;
  ReferencedFiles live_, only_old_;
  CleanupResult result_;
};

}  // namespace

arrow::Result<CleanupResult> CleanupOldVersions(const Dataset& dataset,
                                                const CleanupOptions& options) {
  return Cleanup(dataset.impl(), options).Run();
}

arrow::Result<std::vector<RemovedFile>> FindOrphans(const Dataset& dataset) {
  return Cleanup(dataset.impl(), {}).Orphans();
}

}  // namespace lancea
