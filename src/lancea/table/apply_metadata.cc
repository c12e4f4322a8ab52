// Operations that change no fragment: CreateIndex, ReserveFragments, UpdateConfig,
// UpdateMemWalState, UpdateBases.
#include <algorithm>
#include <charconv>
#include <limits>
#include <unordered_set>
#include <utility>

#include "lancea/schema/field.h"
#include "lancea/table/index_coverage.h"
#include "lancea/table/index_metadata.h"
#include "lancea/table/manifest_draft.h"
#include "lancea/table/mem_wal_state.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr char kPrimaryKey[] = "lance-schema:unenforced-primary-key";
constexpr char kPrimaryKeyPosition[] = "lance-schema:unenforced-primary-key:position";
constexpr char kClusteringKeyPosition[] = "lance-schema:unenforced-clustering-key:position";

void ApplyTo(std::map<std::string, std::string>* target, const MapUpdate& update) {
  if (update.replace) target->clear();
  for (const auto& [key, value] : update.entries) {
    if (value) {
      (*target)[key] = *value;
    } else {
      target->erase(key);
    }
  }
}

Field* FindField(std::vector<Field>* fields, int32_t id) {
  for (Field& field : *fields) {
    if (field.id == id) return &field;
    if (Field* found = FindField(&field.children, id)) return found;
  }
  return nullptr;
}

bool IsTruthy(std::string value) {
  std::ranges::transform(value, value.begin(), [](unsigned char c) { return std::tolower(c); });
  return value == "1" || value == "true" || value == "on" || value == "yes" || value == "y";
}

std::optional<int32_t> ParsePosition(const std::string& text) {
  int32_t position = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position);
  if (error != std::errc() || end != text.data() + text.size() || position < 0) {
    return std::nullopt;
  }
  return position;
}

std::optional<int32_t> PrimaryKeyPosition(const Field& field) {
  if (auto position = ParsePosition(MetadataValue(field, kPrimaryKeyPosition))) return position;
  if (IsTruthy(MetadataValue(field, kPrimaryKey))) return 0;
  return std::nullopt;
}

/// The fields of a reserved key and their positions.
using Key = std::vector<std::pair<int32_t, int32_t>>;

Key PrimaryKeyOf(const Schema& schema) {
  Key key;
  VisitFields(schema.fields, [&](const Field& field) {
    if (field.primary_key_position) key.emplace_back(field.id, *field.primary_key_position);
  });
  return key;
}

Key ClusteringKeyOf(const Schema& schema) {
  Key key;
  VisitFields(schema.fields, [&](const Field& field) {
    if (auto position = ParsePosition(MetadataValue(field, kClusteringKeyPosition))) {
      key.emplace_back(field.id, *position);
    }
  });
  return key;
}

/// A reserved key is set once, to something that is one.
arrow::Status CheckKey(const char* name, const Key& before, const Key& after, bool is_written) {
  if (!before.empty() && (is_written || before != after)) {
    return InvalidInput("the ", name, " key is set and cannot be changed");
  }
  if (before.empty() && is_written && after.empty()) {
    return InvalidInput("the ", name, " key cannot be set to that value");
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Status Apply(const operation::CreateIndex& create, ManifestDraft* draft) {
  std::unordered_set<std::string> gone;
  for (const IndexInfo& index : create.removed_indices) gone.insert(index.uuid);
  for (const IndexInfo& index : create.new_indices) {
    ARROW_RETURN_NOT_OK(ValidateIndex(index, draft->next.schema));
    if (draft->stable_row_ids && index.name == kFragmentReuseIndexName) {
      return Unsupported("a fragment reuse index in a table with stable row ids");
    }
    gone.insert(index.uuid);
  }
  std::erase_if(draft->indices, [&](const IndexInfo& index) { return gone.contains(index.uuid); });
  draft->indices.insert(draft->indices.end(), create.new_indices.begin(), create.new_indices.end());
  // The entries of one index are answered together.
  for (const IndexInfo& added : create.new_indices) {
    for (const IndexInfo& index : draft->indices) {
      if (index.name == added.name && AnswersWithAddresses(index) != AnswersWithAddresses(added)) {
        return InvalidInput("index \"", added.name,
                            "\" would mix entries of row ids and of row addresses; rebuild all of "
                            "them together");
      }
    }
  }
  return arrow::Status::OK();
}

arrow::Status Apply(const operation::ReserveFragments& reserve, ManifestDraft* draft) {
  const uint64_t max = uint64_t{draft->next.max_fragment_id.value_or(0)} + reserve.num_fragments;
  if (max > std::numeric_limits<uint32_t>::max()) {
    return InvalidInput("the table has no ", reserve.num_fragments, " fragment ids left");
  }
  draft->next.max_fragment_id = static_cast<uint32_t>(max);
  return arrow::Status::OK();
}

arrow::Status Apply(const operation::UpdateConfig& update, ManifestDraft* draft) {
  Manifest& next = draft->next;
  if (update.config) ApplyTo(&next.config, *update.config);
  if (update.table_metadata) ApplyTo(&next.table_metadata, *update.table_metadata);
  if (update.schema_metadata) ApplyTo(&next.schema.metadata, *update.schema_metadata);
  const Key primary_before = PrimaryKeyOf(next.schema);
  const Key clustering_before = ClusteringKeyOf(next.schema);
  bool writes_primary = false, writes_clustering = false;
  for (const auto& [id, change] : update.field_metadata) {
    Field* field = FindField(&next.schema.fields, id);
    if (field == nullptr) return InvalidInput("there is no field with id ", id);
    ApplyTo(&field->metadata, change);
    field->primary_key_position = PrimaryKeyPosition(*field);
    writes_primary = writes_primary || change.entries.contains(kPrimaryKey) ||
                     change.entries.contains(kPrimaryKeyPosition);
    writes_clustering = writes_clustering || change.entries.contains(kClusteringKeyPosition);
  }
  ARROW_RETURN_NOT_OK(
      CheckKey("primary", primary_before, PrimaryKeyOf(next.schema), writes_primary));
  return CheckKey("clustering", clustering_before, ClusteringKeyOf(next.schema), writes_clustering);
}

arrow::Status Apply(const operation::UpdateMemWalState& update, ManifestDraft* draft) {
  return RecordCompactions(update.compacted_sstables, draft->next.version, &draft->indices);
}

arrow::Status Apply(const operation::UpdateBases& update, ManifestDraft* draft) {
  std::vector<BasePath>& bases = draft->next.base_paths;
  for (BasePath added : update.new_bases) {
    for (const BasePath& base : bases) {
      if (base.path == added.path || (!base.name.empty() && base.name == added.name) ||
          (added.id != 0 && base.id == added.id)) {
        return InvalidInput("conflicting base path: \"", added.name, "\" (", added.path,
                            ") has the name, path or id of base path ", base.id);
      }
    }
    // 0 stands for "no id yet".
    for (uint32_t id = 1; added.id == 0; ++id) {
      if (std::ranges::find(bases, id, &BasePath::id) == bases.end()) added.id = id;
    }
    bases.push_back(std::move(added));
  }
  return arrow::Status::OK();
}

}  // namespace lancea
