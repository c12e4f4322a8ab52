// Opening a table at a version, and moving between versions.
#include <chrono>

#include "arrow/type.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/io/path.h"
#include "lancea/io/uri.h"
#include "lancea/schema/field.h"
#include "lancea/table/refs.h"
#include "lancea/table/versions.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Where the wanted version of the table at `root` lies. Tags live with the main branch.
arrow::Result<ManifestLocation> FindVersion(ObjectStore& store, std::string* root,
                                            const std::string& main_root, const VersionSpec& spec,
                                            const std::optional<int64_t>& as_of_micros,
                                            std::optional<std::string>* branch) {
  if (as_of_micros.has_value()) return FindManifestAsOf(store, *root, *as_of_micros);
  if (const auto* number = std::get_if<uint64_t>(&spec)) return FindManifest(store, *root, *number);
  if (const auto* tag = std::get_if<std::string>(&spec)) {
    ARROW_ASSIGN_OR_RAISE(TagInfo info, ReadTag(store, main_root, *tag));
    if (info.branch.has_value() && *info.branch != kMainBranch) {
      *root = BranchRoot(main_root, *info.branch);
      *branch = info.branch;
    } else {
      *root = main_root;
      branch->reset();
    }
    return FindManifest(store, *root, info.version);
  }
  return FindLatestManifest(store, *root);
}

std::string StripTrailingSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// Very old tables do not record how many rows a fragment has; its first file knows.
arrow::Status FillPhysicalRows(Dataset::Impl* impl) {
  bool missing = false;
  for (const FragmentMetadata& fragment : impl->fragments()) {
    missing |= fragment.physical_rows == 0 && !fragment.files.empty();
  }
  if (!missing) return arrow::Status::OK();
  auto filled = std::make_shared<Manifest>(*impl->manifest);
  for (FragmentMetadata& fragment : filled->fragments) {
    if (fragment.physical_rows != 0 || fragment.files.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(auto file, impl->OpenDataFile(fragment.files.front()));
    fragment.physical_rows = file->num_rows();
  }
  impl->manifest = std::move(filled);
  return arrow::Status::OK();
}

// The same manifests do not record how many rows are deleted either.
arrow::Result<uint64_t> NumDeleted(const Dataset::Impl& impl, const FragmentMetadata& fragment) {
  if (!fragment.deletion_file.has_value()) return 0;
  if (fragment.deletion_file->num_deleted_rows != 0)
    return fragment.deletion_file->num_deleted_rows;
  ARROW_ASSIGN_OR_RAISE(auto deletions, impl.Deletions(fragment));
  return deletions->num_deleted();
}

arrow::Status OpenManifest(Dataset::Impl* impl) {
  auto open = [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto reader, impl->location.store->Open(impl->manifest_location.path,
                                                                  impl->manifest_location.size));
    ARROW_ASSIGN_OR_RAISE(auto manifest, ReadManifest(*reader));
    ARROW_ASSIGN_OR_RAISE(impl->indices, ReadIndexSection(*reader, *manifest));
    return impl->SetManifest(std::move(manifest));
  };
  return Prefix(open(), impl->manifest_location.path);
}

// A table that is written to has many versions and a recent one: open that by the hint, without listing.
bool OpenHinted(Dataset::Impl* impl) {
  ObjectStore& store = *impl->location.store;
  if (!store.is_local()) return false;
  const auto hinted = FindLatestByHint(store, impl->location.path);
  if (!hinted) return false;
  impl->manifest_location = *hinted;
  if (OpenManifest(impl).ok() && IsRecent(*impl->manifest)) return true;
  impl->indices.clear();
  impl->live_offsets.clear();
  return false;
}

}  // namespace

arrow::Status Dataset::Impl::SetManifest(std::shared_ptr<const Manifest> value) {
  manifest = std::move(value);
  cache_identity = manifest_location.path + "@" + std::to_string(manifest->timestamp_nanos) + "/" +
                   manifest->transaction_file;
  ARROW_ASSIGN_OR_RAISE(schema, ToArrow(AsDeclared(manifest->schema)));
  ARROW_RETURN_NOT_OK(FillPhysicalRows(this));
  live_offsets.reserve(fragments().size() + 1);
  uint64_t rows = 0;
  for (const FragmentMetadata& fragment : fragments()) {
    live_offsets.push_back(rows);
    ARROW_ASSIGN_OR_RAISE(uint64_t deleted, NumDeleted(*this, fragment));
    if (deleted > fragment.physical_rows) {
      return Corrupt("fragment ", fragment.id, " of ", fragment.physical_rows, " rows has ",
                     deleted, " deleted ones");
    }
    rows += fragment.physical_rows - deleted;
  }
  live_offsets.push_back(rows);
  return arrow::Status::OK();
}

std::shared_ptr<Dataset> Dataset::Impl::MakeDataset(std::unique_ptr<Impl> impl) {
  return std::shared_ptr<Dataset>(new Dataset(std::move(impl)));
}

Dataset::Dataset(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Dataset::~Dataset() = default;

arrow::Result<std::shared_ptr<Dataset>> Dataset::Open(const std::string& uri, OpenOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->uri = uri;
  impl->session = options.session != nullptr ? options.session : Session::Default();
  impl->io_counters = std::make_unique<IoCounters>(&impl->session->impl().io_counters());
  impl->storage_options = options.storage_options;
  impl->commit_handler = options.commit_handler;
  if (impl->session->host().object_store != nullptr) {
    impl->location = {impl->session->host().object_store, uri};
  } else {
    ARROW_ASSIGN_OR_RAISE(impl->location, ResolveUri(uri, options.storage_options));
  }
  impl->location.path = StripTrailingSlash(impl->location.path);
  impl->main_root = impl->location.path;
  std::optional<std::string> branch = options.branch;
  if (branch.has_value() && *branch != kMainBranch) {
    ARROW_RETURN_NOT_OK(ReadBranch(*impl->location.store, impl->main_root, *branch));
    impl->location.path = BranchRoot(impl->main_root, *branch);
  }
  const bool latest =
      !options.as_of_micros && std::holds_alternative<std::monostate>(options.version);
  if (!latest || !OpenHinted(impl.get())) {
    ARROW_ASSIGN_OR_RAISE(impl->manifest_location,
                          FindVersion(*impl->location.store, &impl->location.path, impl->main_root,
                                      options.version, options.as_of_micros, &branch));
    ARROW_RETURN_NOT_OK(OpenManifest(impl.get()));
  }
  // Opened by the path of a branch itself: tags and branches live with the main one.
  if (impl->manifest->branch.has_value() && impl->main_root == impl->location.path) {
    ARROW_ASSIGN_OR_RAISE(impl->main_root, MainRoot(impl->location.path, impl->manifest->branch));
  }
  return Impl::MakeDataset(std::move(impl));
}

arrow::Result<std::shared_ptr<Dataset>> Dataset::Checkout(const VersionSpec& version) const {
  OpenOptions options;
  options.version = version;
  options.session = impl_->session;
  options.storage_options = impl_->storage_options;
  options.commit_handler = impl_->commit_handler;
  options.branch = impl_->manifest->branch;
  if (!options.branch.has_value()) return Open(impl_->uri, std::move(options));
  return CheckoutBranch(*options.branch, version);
}

arrow::Result<std::shared_ptr<Dataset>> Dataset::CheckoutBranch(const std::string& branch,
                                                                const VersionSpec& version) const {
  OpenOptions options;
  options.version = version;
  options.session = impl_->session;
  options.storage_options = impl_->storage_options;
  options.commit_handler = impl_->commit_handler;
  options.branch = branch;
  // The URI may name the branch's own folder.
  std::string uri = impl_->uri;
  if (impl_->main_root != impl_->location.path) {
    const std::string suffix = impl_->location.path.substr(impl_->main_root.size());
    const std::string stripped = StripTrailingSlash(uri);
    if (stripped.ends_with(suffix)) uri = stripped.substr(0, stripped.size() - suffix.size());
  }
  return Open(uri, std::move(options));
}

arrow::Result<std::shared_ptr<Dataset>> Dataset::CheckoutLatest() const { return Checkout({}); }

arrow::Result<uint64_t> Dataset::LatestVersion() const {
  ARROW_ASSIGN_OR_RAISE(ManifestLocation latest,
                        FindLatestManifest(*impl_->location.store, impl_->location.path));
  return latest.version;
}

arrow::Result<std::vector<VersionInfo>> Dataset::Versions() const {
  return ReadVersions(*impl_->location.store, impl_->location.path);
}

arrow::Result<std::map<std::string, TagInfo>> Dataset::Tags() const {
  return ReadTags(*impl_->location.store, impl_->main_root);
}

arrow::Result<std::map<std::string, BranchInfo>> Dataset::Branches() const {
  return ReadBranches(*impl_->location.store, impl_->main_root);
}

const std::string& Dataset::uri() const { return impl_->uri; }
uint64_t Dataset::version() const { return impl_->manifest->version; }
const std::optional<std::string>& Dataset::branch() const { return impl_->manifest->branch; }
const Schema& Dataset::lance_schema() const { return impl_->manifest->schema; }
const std::shared_ptr<arrow::Schema>& Dataset::schema() const { return impl_->schema; }
const std::string& Dataset::data_storage_version() const {
  return impl_->manifest->data_storage_version;
}
const std::vector<FragmentMetadata>& Dataset::fragments() const { return impl_->fragments(); }
const std::map<std::string, std::string>& Dataset::config() const {
  return impl_->manifest->config;
}
const std::map<std::string, std::string>& Dataset::table_metadata() const {
  return impl_->manifest->table_metadata;
}
const std::vector<BasePath>& Dataset::base_paths() const { return impl_->manifest->base_paths; }
const std::vector<IndexInfo>& Dataset::indices() const { return impl_->indices; }
bool Dataset::has_stable_row_ids() const { return impl_->manifest->has_stable_row_ids(); }
int32_t Dataset::max_field_id() const { return impl_->manifest->max_field_id(); }
const std::shared_ptr<Session>& Dataset::session() const { return impl_->session; }
IoStatistics Dataset::io_statistics() const { return impl_->io_counters->Read(); }

arrow::Result<int64_t> Dataset::CountRows() const {
  return static_cast<int64_t>(impl_->live_offsets.back());
}

arrow::Result<int64_t> Dataset::CountDeletedRows() const {
  uint64_t physical = 0;
  for (const FragmentMetadata& fragment : impl_->fragments()) physical += fragment.physical_rows;
  return static_cast<int64_t>(physical - impl_->live_offsets.back());
}

}  // namespace lancea
