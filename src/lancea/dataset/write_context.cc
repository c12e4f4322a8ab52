#include "lancea/dataset/write_context.h"

#include <utility>

#include "lancea/dataset/auto_cleanup.h"
#include "lancea/io/uri.h"
#include "lancea/util/errors.h"

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
  target.resolve_base = [options = storage_options](uint32_t, const std::string& path) {
    return ResolveUri(path, options);
  };
  return target;
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
  impl->io_counters = std::make_unique<IoCounters>(&session->impl().io_counters());
  impl->manifest_location = std::move(version.location);
  impl->indices = *version.indices;
  ARROW_RETURN_NOT_OK(impl->SetManifest(std::move(version.manifest)));
  return impl;
}

}  // namespace lancea
