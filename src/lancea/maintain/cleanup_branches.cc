// Cleaning up a branch after those that began at it: what only their old versions needed goes with it.
//
//   main  v1 v2 v3 ...        1. "b" by its own config      needs fewer files of main
//          \-- b  v2 v3 ...   2. main as asked             keeps only what the rest of "b" needs
#include <algorithm>
#include <chrono>
#include <utility>

#include "lancea/cleanup.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/maintain/cleanup_one_branch.h"
#include "lancea/table/refs.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"
#include "lancea/write/auto_cleanup.h"

namespace lancea {
namespace {

/// Branches that begin at `root` or at one of those, the farthest first.
std::vector<std::string> Descendants(const std::map<std::string, BranchInfo>& branches,
                                     const std::string& root) {
  std::vector<std::string> found = {root};
  for (size_t i = 0; i < found.size() && found.size() <= branches.size(); ++i) {
    const std::string parent = found[i];
    for (const auto& [name, branch] : branches) {
      const bool is_known = std::ranges::find(found, name) != found.end();
      if (!is_known && branch.parent_branch.value_or(kMainBranch) == parent) found.push_back(name);
    }
  }
  found.erase(found.begin());
  std::ranges::reverse(found);
  return found;
}

void Add(CleanupResult from, const std::string& directory, CleanupResult* to) {
  to->bytes_removed += from.bytes_removed;
  to->old_versions += from.old_versions;
  to->data_files_removed += from.data_files_removed;
  to->transaction_files_removed += from.transaction_files_removed;
  to->index_files_removed += from.index_files_removed;
  to->deletion_files_removed += from.deletion_files_removed;
  to->failed_deletes += from.failed_deletes;
  for (RemovedFile& file : from.files) {
    if (!directory.empty()) file.path = JoinPath(directory, file.path);
    to->files.push_back(std::move(file));
  }
}

/// What the branch's own config says, now.
arrow::Result<std::optional<CleanupOptions>> OptionsOfBranch(const Dataset& branch,
                                                             const CleanupOptions& given) {
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  ARROW_ASSIGN_OR_RAISE(auto options, AutoCleanupOf(*branch.impl().manifest, now.count()));
  if (!options) return options;
  options->clean_referenced_branches = false;
  options->delete_rate_limit = given.delete_rate_limit;
  options->delete_concurrency = given.delete_concurrency;
  options->dry_run = given.dry_run;
  options->stop = given.stop;
  return options;
}

}  // namespace

arrow::Result<CleanupResult> CleanupOldVersions(const Dataset& dataset,
                                                const CleanupOptions& options) {
  if (!options.clean_referenced_branches) return CleanUpOneBranch(dataset, options, {});
  ARROW_ASSIGN_OR_RAISE(auto branches, dataset.Branches());
  const std::string own = dataset.impl().manifest->branch.value_or(kMainBranch);
  CleanupResult result;
  std::set<std::string> gone;
  for (const std::string& name : Descendants(branches, own)) {
    ARROW_ASSIGN_OR_RAISE(auto branch, dataset.CheckoutBranch(name));
    ARROW_ASSIGN_OR_RAISE(auto branch_options, OptionsOfBranch(*branch, options));
    if (!branch_options) continue;
    ARROW_ASSIGN_OR_RAISE(auto cleaned, CleanUpOneBranch(*branch, *branch_options, gone));
    const std::string& root = branch->impl().location.path;
    for (const RemovedFile& file : cleaned.files) {
      if (file.kind == RemovedFile::Kind::kManifest) gone.insert(JoinPath(root, file.path));
    }
    Add(std::move(cleaned), root.substr(dataset.impl().main_root.size() + 1), &result);
  }
  ARROW_ASSIGN_OR_RAISE(auto cleaned, CleanUpOneBranch(dataset, options, gone));
  result.read_version = cleaned.read_version;
  result.referenced_branches = cleaned.referenced_branches;
  Add(std::move(cleaned), "", &result);
  return result;
}

}  // namespace lancea
