#include "lancea/queue/version_trimmer.h"

#include <set>

#include "lancea/dataset/dataset_impl.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"

namespace lancea::queue {
namespace {

arrow::Status Remove(ObjectStore& store, const std::string& path) {
  const arrow::Status status = store.Delete(path);
  return CategoryOf(status) == ErrorCategory::kNotFound ? arrow::Status::OK() : status;
}

std::set<std::string> DataFiles(const Dataset& dataset) {
  std::set<std::string> files;
  for (const FragmentMetadata& fragment : dataset.fragments()) {
    for (const DataFile& file : fragment.files) {
      if (!file.base_id) files.insert(file.path);
    }
  }
  return files;
}

}  // namespace

void VersionTrimmer::Replaced(const Dataset& before, const Dataset& after, Clock::time_point now) {
  const Dataset::Impl& impl = before.impl();
  Entry entry;
  entry.replaced = now;
  entry.manifest = impl.manifest_location.path;
  const std::string& transaction = impl.manifest->transaction_file;
  if (!transaction.empty() && IsSafeRelativePath(transaction)) {
    entry.transaction = JoinPath(JoinPath(impl.location.path, kTransactionsDirectory), transaction);
  }
  // Another's commit came between: what that one dropped is for a full cleanup to find.
  if (after.version() == before.version() + 1 &&
      after.fragments().size() < before.fragments().size()) {
    const std::set<std::string> kept = DataFiles(after);
    for (const std::string& file : DataFiles(before)) {
      if (kept.contains(file) || !IsSafeRelativePath(file)) continue;
      entry.data_files.push_back(JoinPath(JoinPath(impl.location.path, kDataDirectory), file));
    }
  }
  entries_.push_back(std::move(entry));
}

VersionTrimmer::Clock::time_point VersionTrimmer::next(
    std::chrono::duration<double> retention) const {
  if (entries_.empty()) return Clock::time_point::max();
  return entries_.front().replaced + std::chrono::duration_cast<Clock::duration>(retention);
}

arrow::Status VersionTrimmer::Trim(const Dataset& latest, Clock::time_point now,
                                   std::chrono::duration<double> retention) {
  if (next(retention) > now) return arrow::Status::OK();
  ObjectStore& store = *latest.impl().location.store;
  for (const char* refs : {kTagsDirectory, kBranchesDirectory}) {
    ARROW_ASSIGN_OR_RAISE(auto named, store.List(JoinPath(latest.impl().main_root, refs)));
    if (!named.empty()) {
      entries_.clear();
      return arrow::Status::OK();
    }
  }
  while (next(retention) <= now) {
    // The manifest first: a version whose files are gone must not be opened.
    ARROW_RETURN_NOT_OK(Remove(store, entries_.front().manifest));
    const Entry entry = std::move(entries_.front());
    entries_.pop_front();
    if (!entry.transaction.empty()) ARROW_RETURN_NOT_OK(Remove(store, entry.transaction));
    for (const std::string& file : entry.data_files) ARROW_RETURN_NOT_OK(Remove(store, file));
  }
  return arrow::Status::OK();
}

}  // namespace lancea::queue
