// Which files the versions of a table refer to, and which files are there.
//
// Paths are relative to the root of the table (of its main branch). Blob sidecars lie in a directory named
// like their data file and live as long as it; the files of an index likewise with the index's uuid.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/cleanup.h"
#include "lancea/object_store.h"
#include "lancea/table/manifest.h"

namespace lancea {

/// Files by what keeps them alive.
struct ReferencedFiles {
  std::set<std::string> data;          ///< full paths of data files
  std::set<std::string> deletions;     ///< full paths of deletion files
  std::set<std::string> transactions;  ///< full paths
  std::set<std::string> index_directories;

  /// Add what a version of the table at `root` refers to, files below other roots included.
  arrow::Status Add(const std::string& root, const Manifest& manifest,
                    const std::vector<IndexInfo>& indices);
  bool Contains(const std::string& path, RemovedFile::Kind kind) const;
};

/// A file in one of the table's directories.
struct TableFile {
  std::string path;  ///< full
  RemovedFile::Kind kind = RemovedFile::Kind::kData;
  uint64_t size = 0;
  int64_t modified_nanos = 0;
};

/// Every data, deletion, transaction and index file below `root`, and temporary files beside them and
/// beside the manifests. Branches below tree/ are tables of their own and left out.
arrow::Result<std::vector<TableFile>> ListTableFiles(ObjectStore& store, const std::string& root);

}  // namespace lancea
