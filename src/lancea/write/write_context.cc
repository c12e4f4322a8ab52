#include "lancea/write/write_context.h"

#include <filesystem>
#include <utility>

#include "lancea/dataset/base_stores.h"
#include "lancea/io/uri.h"
#include "lancea/util/errors.h"
#include "lancea/write/auto_cleanup.h"

namespace lancea {

arrow::Result<WriteContext> WriteContext::Make(const std::string& uri,
                                               std::shared_ptr<const Dataset> dataset,
                                               std::shared_ptr<Session> session,
                                               const std::map<std::string, std::string>& options) {
  WriteContext context;
  if (dataset == nullptr) {
    OpenOptions open;
    open.session = session;
    open.storage_options = options;
    auto opened = Dataset::Open(uri, std::move(open));
    if (opened.ok()) {
      dataset = *std::move(opened);
    } else if (CategoryOf(opened.status()) != ErrorCategory::kNotFound) {
      return opened.status();
    }
  }
  if (dataset != nullptr) {
    const Dataset::Impl& impl = dataset->impl();
    context.uri = impl.uri;
    context.session = impl.session;
    context.storage_options = impl.storage_options;
    context.location = impl.location;
    context.main_root = impl.main_root;
    context.commit_handler = impl.commit_handler;
    context.dataset = std::move(dataset);
    return context;
  }
  context.uri = uri;
  context.session = session != nullptr ? std::move(session) : Session::Default();
  context.storage_options = options;
  if (context.session->host().object_store != nullptr) {
    context.location = {context.session->host().object_store, uri};
  } else {
    ARROW_ASSIGN_OR_RAISE(context.location, ResolveUri(uri, options));
  }
  std::string& path = context.location.path;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  context.main_root = path;
  return context;
}

CommitTarget WriteContext::Target() const {
  CommitTarget target;
  target.store = location.store;
  target.root = location.path;
  target.must_be_new = dataset == nullptr;
  if (dataset != nullptr) {
    const Dataset::Impl& impl = dataset->impl();
    target.known =
        TableVersion{impl.manifest, std::make_shared<const std::vector<IndexInfo>>(impl.indices),
                     impl.manifest_location};
  }
  target.commit_handler = commit_handler;
  target.resolve_base = [context = *this](uint32_t base_id, const std::string& path) {
    return ResolveUnderBase(*context.session, context.storage_options,
                            context.dataset->base_paths(), base_id, path);
  };
  return target;
}

CloneSource WriteContext::AsCloneSource() const {
  CloneSource source;
  source.version = *Target().known;
  source.uri = location.path;
  source.branch = dataset->branch();
  if (uri.find("://") != std::string::npos && !uri.starts_with("file")) {
    // Others open it by its URI; that of a branch may have been opened by that of the table.
    source.uri = uri.substr(0, uri.find_last_not_of('/') + 1);
    const std::string branch_part = location.path.substr(main_root.size());
    if (!source.uri.ends_with(branch_part)) source.uri += branch_part;
  } else if (session->host().object_store == nullptr) {
    // Wherever they are.
    source.uri = std::filesystem::absolute(location.path).lexically_normal().string();
  }
  return source;
}

arrow::Result<std::shared_ptr<Dataset>> WriteContext::Open(TableVersion version) const {
  ARROW_ASSIGN_OR_RAISE(auto impl, MakeImpl(std::move(version)));
  auto opened = Dataset::Impl::MakeDataset(std::move(impl));
  CleanUpAfterCommit(*opened);
  return opened;
}

arrow::Result<std::unique_ptr<Dataset::Impl>> WriteContext::MakeImpl(TableVersion version) const {
  auto impl = std::make_unique<Dataset::Impl>();
  impl->uri = uri;
  impl->location = location;
  impl->main_root = main_root;
  impl->storage_options = storage_options;
  impl->session = session;
  impl->commit_handler = commit_handler;
  impl->io_counters = std::make_unique<IoCounters>(&session->impl().io_counters());
  impl->manifest_location = std::move(version.location);
  impl->indices = *version.indices;
  ARROW_RETURN_NOT_OK(impl->SetManifest(std::move(version.manifest)));
  return impl;
}

}  // namespace lancea
