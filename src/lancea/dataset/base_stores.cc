#include "lancea/dataset/base_stores.h"

#include <algorithm>

#include "lancea/io/storage_options.h"
#include "lancea/io/uri.h"

namespace lancea {

arrow::Result<StoreAndPath> ResolveUnderBase(const Session& session,
                                             const std::map<std::string, std::string>& options,
                                             const BasePath& base, const std::string& full_path) {
  if (session.host().object_store != nullptr) {
    return StoreAndPath{session.host().object_store, full_path};
  }
  return ResolveUri(full_path, OptionsOfBase(options, base.id, base.path));
}

arrow::Result<StoreAndPath> ResolveUnderBase(const Session& session,
                                             const std::map<std::string, std::string>& options,
                                             const std::vector<BasePath>& bases, uint32_t base_id,
                                             const std::string& full_path) {
  const auto base = std::ranges::find(bases, base_id, &BasePath::id);
  const BasePath none{.id = base_id, .name = "", .is_dataset_root = false, .path = ""};
  return ResolveUnderBase(session, options, base == bases.end() ? none : *base, full_path);
}

}  // namespace lancea
