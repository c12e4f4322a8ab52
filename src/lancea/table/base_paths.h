// Base paths: roots other than the table's own under which its files may lie.
//
// Shallow clones and branches point at files of the table they came from; a table may also spread
// its files over several stores. Data files, deletion files and indices carry a base id:
//
//   no id                the table's own root      {root}/data/{file}
//   id, dataset root     another table             {base path}/data/{file}
//   id, not a root       a bare directory          {base path}/{file}     deletion files: not
//   allowed
//
// Source: table.proto BasePath; pylance 14.0.2.
#pragma once

#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/dataset.h"
#include "lancea/fragment.h"

namespace lancea {

/// Where a file lies: `path` relative to `base`, or to the table's own root when that is null.
struct FileLocation {
  const BasePath* base = nullptr;  ///< borrowed from the list given
  std::string path;

  /// The full path or URI, given the table's own root.
  std::string FullPath(const std::string& own_root) const;
};

/// \return Corrupt when the base id is not in `bases`
arrow::Result<FileLocation> LocateDataFile(const std::vector<BasePath>& bases,
                                           const DataFile& file);
arrow::Result<FileLocation> LocateDeletionFile(const std::vector<BasePath>& bases,
                                               uint64_t fragment_id, const DeletionFile& file);
/// The directory of an index.
arrow::Result<FileLocation> LocateIndex(const std::vector<BasePath>& bases, const std::string& uuid,
                                        std::optional<uint32_t> base_id);

}  // namespace lancea
