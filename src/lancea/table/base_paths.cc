#include "lancea/table/base_paths.h"

#include <algorithm>

#include "lancea/table/table_layout.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

arrow::Result<const BasePath*> FindBase(const std::vector<BasePath>& bases,
                                        std::optional<uint32_t> id, const std::string& file) {
  if (!id) return nullptr;
  auto found = std::ranges::find(bases, *id, &BasePath::id);
  if (found != bases.end()) return &*found;
  return Corrupt("\"", file, "\" lies under base path ", *id, ", which the manifest does not list");
}

}  // namespace

std::string FileLocation::FullPath(const std::string& own_root) const {
  return JoinPath(base == nullptr ? own_root : base->path, path);
}

arrow::Result<FileLocation> LocateDataFile(const std::vector<BasePath>& bases,
                                           const DataFile& file) {
  ARROW_ASSIGN_OR_RAISE(const BasePath* base, FindBase(bases, file.base_id, file.path));
  bool is_root = base == nullptr || base->is_dataset_root;
  return FileLocation{base, is_root ? JoinPath(kDataDirectory, file.path) : file.path};
}

arrow::Result<FileLocation> LocateDeletionFile(const std::vector<BasePath>& bases,
                                               uint64_t fragment_id, const DeletionFile& file) {
  std::string path = file.Path(fragment_id);
  ARROW_ASSIGN_OR_RAISE(const BasePath* base, FindBase(bases, file.base_id, path));
  if (base != nullptr && !base->is_dataset_root) {
    return Corrupt("\"", path, "\" lies under base path ", base->id, ", which is not a table");
  }
  return FileLocation{base, std::move(path)};
}

arrow::Result<FileLocation> LocateIndex(const std::vector<BasePath>& bases, const std::string& uuid,
                                        std::optional<uint32_t> base_id) {
  ARROW_ASSIGN_OR_RAISE(const BasePath* base, FindBase(bases, base_id, uuid));
  bool is_root = base == nullptr || base->is_dataset_root;
  return FileLocation{base, is_root ? JoinPath(kIndicesDirectory, uuid) : uuid};
}

}  // namespace lancea
