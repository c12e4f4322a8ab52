// Fragments: the horizontal slices of a table, and the files they are made of. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lancea/export.h"

namespace lancea {

/// A root other than the table's own under which files of it may lie.
struct LANCEA_EXPORT BasePath {
  uint32_t id = 0;
  std::string name;              ///< empty: none
  bool is_dataset_root = false;  ///< another table's root; else a bare directory of data files
  std::string path;
  bool operator==(const BasePath&) const = default;
};

/// One data file of a fragment.
struct LANCEA_EXPORT DataFile {
  std::string path;             ///< relative to the data/ directory of its base
  std::vector<int32_t> fields;  ///< field ids stored; negative: tombstone or hidden system column
  std::vector<int32_t> column_indices;  ///< column of each field; empty in legacy files
  uint32_t file_major_version = 0;
  uint32_t file_minor_version = 0;
  uint64_t file_size_bytes = 0;     ///< 0: unknown
  std::optional<uint32_t> base_id;  ///< which base path it lies under; none: the table itself
  bool operator==(const DataFile&) const = default;
};

/// Where the deleted rows of a fragment are listed.
struct LANCEA_EXPORT DeletionFile {
  enum class Type { kArrowArray = 0, kBitmap = 1 };
  Type type = Type::kArrowArray;
  uint64_t read_version = 0;
  uint64_t id = 0;
  uint64_t num_deleted_rows = 0;
  std::optional<uint32_t> base_id;
  bool operator==(const DeletionFile&) const = default;

  /// Path relative to the base: _deletions/{fragment}-{read_version}-{id}.{arrow|bin}
  std::string Path(uint64_t fragment_id) const;
};

/// A byte range of a file that holds a row-id or version sequence too large for the manifest.
struct LANCEA_EXPORT ExternalFile {
  std::string path;
  uint64_t offset = 0;
  uint64_t size = 0;
  bool operator==(const ExternalFile&) const = default;
};

/// A serialized sequence stored inline or in an external file; both empty: none.
struct LANCEA_EXPORT SequenceRef {
  std::optional<std::string> inline_bytes;
  std::optional<ExternalFile> external;
  bool in_hidden_column = false;  ///< spilled to a hidden column of a data file
  bool empty() const { return !inline_bytes && !external && !in_hidden_column; }
  bool operator==(const SequenceRef&) const = default;
};

/// A fragment as the manifest describes it.
struct LANCEA_EXPORT FragmentMetadata {
  uint64_t id = 0;
  std::vector<DataFile> files;
  uint64_t physical_rows =
      0;  ///< rows stored, deleted ones included; 0 in very old tables: unknown
  std::optional<DeletionFile> deletion_file;
  SequenceRef row_ids;
  SequenceRef created_at_versions;
  SequenceRef last_updated_at_versions;

  uint64_t num_deletions() const { return deletion_file ? deletion_file->num_deleted_rows : 0; }
  uint64_t num_rows() const { return physical_rows - num_deletions(); }
  bool operator==(const FragmentMetadata&) const = default;
};

}  // namespace lancea
