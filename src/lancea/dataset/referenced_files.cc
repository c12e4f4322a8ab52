#include "lancea/dataset/referenced_files.h"

#include <string_view>

#include "lancea/io/path.h"
#include "lancea/table/base_paths.h"
#include "lancea/table/table_layout.h"

namespace lancea {
namespace {

constexpr char kDeletionsDirectory[] = "_deletions";
constexpr int kMaxDepth = 4;

bool IsTemporary(std::string_view name) { return name.starts_with(".tmp"); }

// "data/x/0.blob" and "data/x.lance" both belong to "data/x".
std::string DataFileOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (path.ends_with(".blob") && slash != std::string_view::npos) {
    return std::string(path.substr(0, slash)) + ".lance";
  }
  return std::string(path);
}

arrow::Status ListBelow(ObjectStore& store, const std::string& directory, RemovedFile::Kind kind,
                        int depth, std::vector<TableFile>* files) {
  ARROW_ASSIGN_OR_RAISE(auto entries, store.ListWithDetails(directory));
  for (const ObjectInfo& entry : entries) {
    if (entry.is_directory) {
      if (depth < kMaxDepth) {
        ARROW_RETURN_NOT_OK(ListBelow(store, entry.path, kind, depth + 1, files));
      }
      continue;
    }
    const bool temporary = IsTemporary(FileName(entry.path));
    if (kind == RemovedFile::Kind::kManifest && !temporary) continue;
    files->push_back({entry.path, temporary ? RemovedFile::Kind::kTemporary : kind, entry.size,
                      entry.modified_nanos});
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Status ReferencedFiles::Add(const std::string& root, const Manifest& manifest,
                                   const std::vector<IndexInfo>& indices) {
  for (const FragmentMetadata& fragment : manifest.fragments) {
    for (const DataFile& file : fragment.files) {
      ARROW_ASSIGN_OR_RAISE(FileLocation location, LocateDataFile(manifest.base_paths, file));
      data.insert(location.FullPath(root));
    }
    if (fragment.deletion_file.has_value()) {
      ARROW_ASSIGN_OR_RAISE(
          FileLocation location,
          LocateDeletionFile(manifest.base_paths, fragment.id, *fragment.deletion_file));
      deletions.insert(location.FullPath(root));
    }
  }
  for (const IndexInfo& index : indices) {
    ARROW_ASSIGN_OR_RAISE(FileLocation location,
                          LocateIndex(manifest.base_paths, index.uuid, index.base_id));
    index_directories.insert(location.FullPath(root));
  }
  if (!manifest.transaction_file.empty()) {
    transactions.insert(
        JoinPath(JoinPath(root, kTransactionsDirectory), manifest.transaction_file));
  }
  return arrow::Status::OK();
}

bool ReferencedFiles::Contains(const std::string& path, RemovedFile::Kind kind) const {
  switch (kind) {
    case RemovedFile::Kind::kData:
      return data.contains(path) || data.contains(DataFileOf(path));
    case RemovedFile::Kind::kDeletion:
      return deletions.contains(path);
    case RemovedFile::Kind::kTransaction:
      return transactions.contains(path);
    case RemovedFile::Kind::kIndex: {
      // The file itself or any directory above it.
      for (size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0;
           slash = path.rfind('/', slash - 1)) {
        if (index_directories.contains(path.substr(0, slash))) return true;
      }
      return false;
    }
    default:
      return false;
  }
}

arrow::Result<std::vector<TableFile>> ListTableFiles(ObjectStore& store, const std::string& root) {
  using Kind = RemovedFile::Kind;
  std::vector<TableFile> files;
  for (const auto& [directory, kind] : {std::pair{kDataDirectory, Kind::kData},
                                        {kDeletionsDirectory, Kind::kDeletion},
                                        {kTransactionsDirectory, Kind::kTransaction},
                                        {kIndicesDirectory, Kind::kIndex},
                                        {kVersionsDirectory, Kind::kManifest}}) {
    ARROW_RETURN_NOT_OK(ListBelow(store, JoinPath(root, directory), kind, 0, &files));
  }
  return files;
}

}  // namespace lancea
