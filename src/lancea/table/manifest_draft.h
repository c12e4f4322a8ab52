// A manifest in the making: what the effects of the operations work on. See build_manifest.h.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "arrow/result.h"
#include "lancea/table/build_manifest.h"

namespace lancea {

/// The next version while an operation is carried out.
struct ManifestDraft {
  const Manifest* previous = nullptr;  ///< nullptr: there is no table yet
  const CommitSettings* settings = nullptr;
  bool stable_row_ids = false;
  uint64_t next_fragment_id = 0;
  Manifest next;  ///< begins as the previous contents under the next version number
  std::vector<IndexInfo> indices;
};

// One overload for each operation; `draft->previous` is there, except for Overwrite. Restore and
// Clone begin from another version and have no overload.
arrow::Status Apply(const operation::Append& append, ManifestDraft* draft);
arrow::Status Apply(const operation::Delete& deletion, ManifestDraft* draft);
arrow::Status Apply(const operation::Overwrite& overwrite, ManifestDraft* draft);
arrow::Status Apply(const operation::Rewrite& rewrite, ManifestDraft* draft);
arrow::Status Apply(const operation::Update& update, ManifestDraft* draft);
arrow::Status Apply(const operation::Merge& merge, ManifestDraft* draft);
arrow::Status Apply(const operation::Project& project, ManifestDraft* draft);
arrow::Status Apply(const operation::DataReplacement& replacement, ManifestDraft* draft);
arrow::Status Apply(const operation::CreateIndex& create, ManifestDraft* draft);
arrow::Status Apply(const operation::ReserveFragments& reserve, ManifestDraft* draft);
arrow::Status Apply(const operation::UpdateConfig& update, ManifestDraft* draft);
arrow::Status Apply(const operation::UpdateMemWalState& update, ManifestDraft* draft);
arrow::Status Apply(const operation::UpdateBases& update, ManifestDraft* draft);

/// Give an id to each fragment that has none (0). Ids that were reserved stay.
void AssignFragmentIds(std::vector<FragmentMetadata>* fragments, ManifestDraft* draft);

/// The ids of every field of a schema, at any depth.
std::unordered_set<int32_t> FieldIds(const Schema& schema);

/// Drop the files of which no field is in the schema any more; those with spilled lineage stay.
void DropDeadFiles(const std::unordered_set<int32_t>& live_fields, FragmentMetadata* fragment);

/// The fragments by id; of equal ids the first.
std::unordered_map<uint64_t, const FragmentMetadata*> ById(
    const std::vector<FragmentMetadata>& fragments);

}  // namespace lancea
