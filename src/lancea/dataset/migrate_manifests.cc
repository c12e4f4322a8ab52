// Manifests from V1 names to V2 names: each is put under its new name, then the old one goes.
#include "arrow/buffer.h"
#include "lancea/clone.h"
#include "lancea/io/path.h"
#include "lancea/stores.h"
#include "lancea/table/manifest_path.h"
#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"

namespace lancea {

arrow::Status MigrateManifestPaths(const std::string& uri,
                                   const std::map<std::string, std::string>& storage_options) {
  ARROW_ASSIGN_OR_RAISE(StoreAndPath where, OpenStore(uri, storage_options));
  // Listed as they are: of a migration that was interrupted, names of both kinds are left.
  ARROW_ASSIGN_OR_RAISE(auto entries, where.store->List(JoinPath(where.path, kVersionsDirectory)));
  bool is_table = false;
  for (const ObjectInfo& entry : entries) {
    const auto name = ParseManifestName(FileName(entry.path));
    is_table |= name.has_value();
    if (!name || name->is_detached || name->naming == ManifestNaming::kV2) continue;
    ARROW_ASSIGN_OR_RAISE(auto reader, where.store->Open(entry.path));
    ARROW_ASSIGN_OR_RAISE(auto bytes, reader->ReadAt({0, reader->size()}));
    const std::string path = ManifestPath(where.path, name->version, ManifestNaming::kV2);
    ARROW_RETURN_NOT_OK(
        where.store->Put(path, {bytes->data(), static_cast<size_t>(bytes->size())}));
    ARROW_RETURN_NOT_OK(where.store->Delete(entry.path));
  }
  return is_table ? arrow::Status::OK() : NotFound("there is no table at ", uri);
}

}  // namespace lancea
