// Changes of a table that write no rows: restore, configuration, refs, clones; and its transactions.
#include <algorithm>
#include <utility>

#include "lancea/dataset.h"
#include "lancea/io/uri.h"
#include "lancea/table/commit.h"
#include "lancea/table/refs.h"
#include "lancea/table/refs_write.h"
#include "lancea/util/errors.h"
#include "lancea/util/uuid.h"
#include "lancea/write.h"
#include "lancea/write/write_context.h"

namespace lancea {
namespace {

arrow::Result<WriteContext> ContextOf(const Dataset& dataset) {
  return WriteContext::Make(dataset.uri(), dataset.shared_from_this(), nullptr, {});
}

arrow::Result<std::shared_ptr<Dataset>> CommitTo(
    const Dataset& dataset, Operation operation,
    const std::map<std::string, std::string>& properties = {}) {
  ARROW_ASSIGN_OR_RAISE(WriteContext context, ContextOf(dataset));
  Transaction transaction;
  transaction.read_version = dataset.version();
  transaction.uuid = Uuid::Random().ToString();
  transaction.properties = properties;
  transaction.operation = std::move(operation);
  ARROW_ASSIGN_OR_RAISE(CommitResult committed, Commit(context.Target(), std::move(transaction)));
  return context.Open(std::move(committed.version));
}

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> Dataset::Restore() const {
  // What others committed since this version is what is restored from.
  ARROW_ASSIGN_OR_RAISE(const auto latest, Checkout(std::monostate()));
  return CommitTo(*latest, operation::Restore{version()});
}

arrow::Result<std::shared_ptr<Dataset>> Dataset::UpdateConfig(
    operation::UpdateConfig update) const {
  return CommitTo(*this, std::move(update));
}

arrow::Result<std::shared_ptr<Dataset>> Dataset::AddBases(
    std::vector<BasePath> bases,
    const std::map<std::string, std::string>& transaction_properties) const {
  uint32_t next = 1;
  for (const BasePath& base : base_paths()) next = std::max(next, base.id + 1);
  for (const BasePath& base : bases) next = std::max(next, base.id + 1);
  for (BasePath& base : bases) {
    if (base.id == 0) base.id = next++;
  }
  return CommitTo(*this, operation::UpdateBases{std::move(bases)}, transaction_properties);
}

arrow::Result<std::shared_ptr<Dataset>> Dataset::ShallowClone(
    const std::string& target_uri,
    const std::map<std::string, std::string>& storage_options) const {
  ARROW_ASSIGN_OR_RAISE(WriteContext source, ContextOf(*this));
  ARROW_ASSIGN_OR_RAISE(WriteContext target,
                        WriteContext::Make(target_uri, nullptr, impl_->session, storage_options));
  if (target.dataset != nullptr) return AlreadyExists("Dataset already exists: ", target_uri);
  ARROW_ASSIGN_OR_RAISE(CommitResult committed,
                        lancea::ShallowClone(target.Target(), source.AsCloneSource()));
  return target.Open(std::move(committed.version));
}

arrow::Result<TagInfo> Dataset::CreateTag(const std::string& tag, uint64_t version,
                                          const std::optional<std::string>& branch) const {
  return lancea::CreateTag(*impl_->location.store, impl_->main_root, tag, branch, version);
}

arrow::Result<TagInfo> Dataset::UpdateTag(const std::string& tag, uint64_t version,
                                          const std::optional<std::string>& branch) const {
  return lancea::UpdateTag(*impl_->location.store, impl_->main_root, tag, branch, version);
}

arrow::Status Dataset::DeleteTag(const std::string& tag) const {
  return lancea::DeleteTag(*impl_->location.store, impl_->main_root, tag);
}

arrow::Status Dataset::ReplaceTagMetadata(
    const std::string& tag, const std::map<std::string, std::string>& metadata) const {
  return lancea::ReplaceTagMetadata(*impl_->location.store, impl_->main_root, tag, metadata);
}

arrow::Result<std::shared_ptr<Dataset>> Dataset::CreateBranch(const std::string& branch) const {
  ARROW_ASSIGN_OR_RAISE(WriteContext context, ContextOf(*this));
  ARROW_ASSIGN_OR_RAISE(CommitResult committed,
                        lancea::CreateBranch(impl_->location.store, impl_->main_root, branch,
                                             context.AsCloneSource()));
  context.location.path = BranchRoot(impl_->main_root, branch);
  return context.Open(std::move(committed.version));
}

arrow::Status Dataset::DeleteBranch(const std::string& branch, bool force) const {
  return lancea::DeleteBranch(*impl_->location.store, impl_->main_root, branch, force);
}

arrow::Status Dataset::ReplaceBranchMetadata(
    const std::string& branch, const std::map<std::string, std::string>& metadata) const {
  return lancea::ReplaceBranchMetadata(*impl_->location.store, impl_->main_root, branch, metadata);
}

arrow::Result<std::optional<Transaction>> Dataset::ReadTransaction() const {
  ARROW_ASSIGN_OR_RAISE(WriteContext context, ContextOf(*this));
  ARROW_ASSIGN_OR_RAISE(
      Transaction transaction,
      LoadTransaction(*impl_->location.store, impl_->location.path, *context.Target().known));
  // Nothing readable is recorded.
  if (transaction.uuid.empty()) return std::nullopt;
  return transaction;
}

arrow::Result<std::vector<std::optional<Transaction>>> Dataset::Transactions(uint64_t limit) const {
  ARROW_ASSIGN_OR_RAISE(auto locations,
                        ListManifests(*impl_->location.store, impl_->location.path));
  std::vector<std::optional<Transaction>> out;
  for (auto location = locations.rbegin(); location != locations.rend() && out.size() < limit;
       ++location) {
    if (location->version > version()) continue;
    ARROW_ASSIGN_OR_RAISE(TableVersion version, LoadVersion(*impl_->location.store, *location));
    ARROW_ASSIGN_OR_RAISE(Transaction transaction,
                          LoadTransaction(*impl_->location.store, impl_->location.path, version));
    if (transaction.uuid.empty()) {
      out.push_back(std::nullopt);
    } else {
      out.push_back(std::move(transaction));
    }
  }
  return out;
}

arrow::Status Dataset::Drop(const std::string& uri,
                            const std::map<std::string, std::string>& storage_options) {
  ARROW_ASSIGN_OR_RAISE(StoreAndPath where, ResolveUri(uri, storage_options));
  while (where.path.size() > 1 && where.path.back() == '/') where.path.pop_back();
  // Only what is a table is removed: a mistyped path must not empty a directory of something else.
  ARROW_ASSIGN_OR_RAISE(auto entries, where.store->List(where.path));
  const bool is_table = std::any_of(entries.begin(), entries.end(), [](const ObjectInfo& entry) {
    return entry.is_directory && entry.path.ends_with("/_versions");
  });
  if (!is_table) return NotFound("there is no table at ", uri);
  return where.store->DeleteDirectory(where.path);
}

}  // namespace lancea
