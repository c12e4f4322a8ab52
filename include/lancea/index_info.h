// Indices as the manifest lists them. Plain values; the index files are not looked at.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lancea/export.h"

namespace lancea {

/// A file of an index, below the index's directory.
struct LANCEA_EXPORT IndexFile {
  std::string path;
  uint64_t size_bytes = 0;
  bool operator==(const IndexFile&) const = default;
};

/// One entry of the manifest's index section. Entries of one name form one logical index.
struct LANCEA_EXPORT IndexInfo {
  std::string name;
  std::string uuid;      ///< 8-4-4-4-12 hex
  std::string type_url;  ///< of the details message; names the kind
  std::vector<int32_t> field_ids;
  uint64_t dataset_version = 0;
  std::vector<uint32_t> fragment_ids;  ///< fragments covered, ascending; empty when not recorded
  bool has_fragment_bitmap = true;     ///< false: which fragments it covers is not recorded

  std::optional<std::string> details;  ///< the serialized details message; nullopt: none at all
  std::optional<int32_t> index_version;
  std::optional<uint64_t> created_at_millis;  ///< since the epoch UTC
  std::optional<uint32_t> base_id;            ///< which base path its files lie under
  std::vector<IndexFile> files;
  std::vector<int32_t> covering_fields;  ///< columns whose values the index carries
  std::optional<uint32_t> clustering_id;
  std::map<std::string, std::string> metadata;
  std::string unknown_fields;  ///< protobuf fields of newer libraries, kept as they are

  bool operator==(const IndexInfo&) const = default;
};

}  // namespace lancea
