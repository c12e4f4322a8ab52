// Transactions: what a writer wants to change, as plain values.
//
// A mutation prepares its files first, then commits one Transaction: Commit reads the latest
// version, checks the transactions committed since `read_version` for conflicts, rebases, and
// publishes the next manifest. The operations and their fields are those of the published messages.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lancea/export.h"
#include "lancea/fragment.h"
#include "lancea/index_info.h"
#include "lancea/schema.h"

namespace lancea {

/// Changes of a map of strings.
struct LANCEA_EXPORT MapUpdate {
  std::map<std::string, std::optional<std::string>> entries;  ///< nullopt: remove the key
  bool replace = false;  ///< forget every key that is not in `entries`
  bool operator==(const MapUpdate&) const = default;
};

namespace operation {

/// New fragments; their ids are given at commit.
struct LANCEA_EXPORT Append {
  std::vector<FragmentMetadata> fragments;
};

/// New deletion files of fragments, and fragments with no row left.
struct LANCEA_EXPORT Delete {
  std::vector<FragmentMetadata> updated_fragments;
  std::vector<uint64_t> deleted_fragment_ids;
  std::string predicate;
};

/// New contents: also what creates a table.
struct LANCEA_EXPORT Overwrite {
  std::vector<FragmentMetadata> fragments;
  Schema schema;
  std::map<std::string, std::string> config_upsert_values;
  std::vector<BasePath> initial_bases;
};

struct LANCEA_EXPORT CreateIndex {
  std::vector<IndexInfo> new_indices;
  std::vector<IndexInfo> removed_indices;
};

/// Fragments replaced by others with the same rows.
struct LANCEA_EXPORT RewriteGroup {
  std::vector<FragmentMetadata> old_fragments;
  std::vector<FragmentMetadata> new_fragments;
};

/// An index whose files were rewritten together with the fragments it covers.
struct LANCEA_EXPORT RewrittenIndex {
  std::string old_uuid;
  std::string new_uuid;
  std::string details_type_url;
  std::string details;  ///< serialized
  uint32_t version = 0;
  std::vector<IndexFile> files;
};

/// The entry by which readers translate addresses of indices that do not follow a rewrite. It goes into the
/// manifest only: the published transaction has no place for it.
struct LANCEA_EXPORT FragmentReuseEntry {
  IndexInfo entry;
  std::string replaces;  ///< uuid of the entry whose history it continues; empty: there was none
};

struct LANCEA_EXPORT Rewrite {
  std::vector<RewriteGroup> groups;
  std::vector<RewrittenIndex> rewritten_indices;
  std::optional<FragmentReuseEntry> fragment_reuse = std::nullopt;
};

/// All fragments, with columns added or altered.
struct LANCEA_EXPORT Merge {
  std::vector<FragmentMetadata> fragments;
  Schema schema;
  bool preserves_nullability = false;
};

/// A schema without some columns, or with other names.
struct LANCEA_EXPORT Project {
  Schema schema;
  bool preserves_nullability = false;
};

/// Contents of an older version again.
struct LANCEA_EXPORT Restore {
  uint64_t version = 0;
};

/// Fragment ids set aside for a rewrite.
struct LANCEA_EXPORT ReserveFragments {
  uint32_t num_fragments = 0;
};

/// Keys that a merge inserted: exact hashes, or a Bloom filter.
struct LANCEA_EXPORT KeyExistenceFilter {
  struct Bloom {
    std::string bitmap;
    uint32_t num_bits = 0;
    uint64_t number_of_items = 0;
    double probability = 0;
    bool operator==(const Bloom&) const = default;
  };
  std::vector<int32_t> field_ids;
  std::variant<std::vector<uint64_t>, Bloom> data;
  bool operator==(const KeyExistenceFilter&) const = default;
};

/// Updates and upserts.
struct LANCEA_EXPORT Update {
  enum class Mode { kRewriteRows = 0, kRewriteColumns = 1 };
  std::vector<uint64_t> removed_fragment_ids;
  std::vector<FragmentMetadata> updated_fragments;
  std::vector<FragmentMetadata> new_fragments;
  std::vector<uint32_t> fields_modified;  ///< rewritten inside `updated_fragments`
  /// Fields that rows moved to `new_fragments` may have other values of: indexes on the rest go on covering
  /// them. Despite what the format calls it, fields_for_preserving_frag_bitmap.
  std::vector<uint32_t> changed_fields;
  Mode mode = Mode::kRewriteRows;
  std::optional<KeyExistenceFilter> inserted_rows;
  std::map<uint64_t, std::vector<uint32_t>> updated_fragment_offsets;
  std::map<uint64_t, std::string> updated_fragment_offset_bitmaps;  ///< portable Roaring
  /// Serialized CompactedSsTable messages, kept as they are.
  std::vector<std::string> compacted_sstables;
};

struct LANCEA_EXPORT UpdateConfig {
  std::optional<MapUpdate> config;
  std::optional<MapUpdate> table_metadata;
  std::optional<MapUpdate> schema_metadata;
  std::map<int32_t, MapUpdate> field_metadata;  ///< by field id
};

struct LANCEA_EXPORT DataReplacement {
  struct Group {
    uint64_t fragment_id = 0;
    DataFile new_file;
  };
  std::vector<Group> replacements;
};

struct LANCEA_EXPORT UpdateMemWalState {
  std::vector<std::string> compacted_sstables;  ///< serialized, kept as they are
};

/// First version of a branch or a shallow clone.
struct LANCEA_EXPORT Clone {
  bool is_shallow = true;
  std::optional<std::string> ref_name;
  uint64_t ref_version = 0;
  std::string ref_path;
  std::optional<std::string> branch_name;
};

struct LANCEA_EXPORT UpdateBases {
  std::vector<BasePath> new_bases;
};

/// An operation of a newer library: never rebased over.
struct LANCEA_EXPORT Unknown {
  std::string bytes;  ///< the serialized Transaction it came in
};

}  // namespace operation

using Operation =
    std::variant<operation::Append, operation::Delete, operation::Overwrite, operation::CreateIndex,
                 operation::Rewrite, operation::Merge, operation::Restore,
                 operation::ReserveFragments, operation::Update, operation::Project,
                 operation::UpdateConfig, operation::DataReplacement, operation::UpdateMemWalState,
                 operation::Clone, operation::UpdateBases, operation::Unknown>;

struct LANCEA_EXPORT Transaction {
  uint64_t read_version = 0;  ///< the version it is based on; 0: there is no table yet
  std::string uuid;           ///< 8-4-4-4-12 hex, new for each transaction
  std::string tag;
  std::map<std::string, std::string> properties;  ///< e.g. "__lance_commit_message"
  Operation operation;
};

/// The operation's name as the published messages have it, e.g. "Append".
LANCEA_EXPORT const char* OperationName(const Operation& operation);

}  // namespace lancea
