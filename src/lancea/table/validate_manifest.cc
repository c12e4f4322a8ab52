// ValidateManifest and the small helpers of manifest_draft.h.
#include <algorithm>
#include <unordered_set>

#include "lancea/schema/field.h"
#include "lancea/table/fragment.h"
#include "lancea/table/manifest_draft.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

bool IsLive(int32_t id, const std::unordered_set<int32_t>& live_fields,
            const FragmentMetadata& fragment) {
  switch (id) {
    case kRowIdFieldId:
      return fragment.row_ids.in_hidden_column;
    case kCreatedAtVersionFieldId:
      return fragment.created_at_versions.in_hidden_column;
    case kLastUpdatedAtVersionFieldId:
      return fragment.last_updated_at_versions.in_hidden_column;
    default:
      return live_fields.contains(id);
  }
}

arrow::Status ValidateFiles(const FragmentMetadata& fragment,
                            const std::unordered_set<int32_t>& leaves,
                            const std::unordered_set<uint32_t>& bases) {
  std::unordered_set<int32_t> stored;
  bool has_row_ids = false;
  for (const DataFile& file : fragment.files) {
    if (file.fields.empty()) return InvalidInput("data file \"", file.path, "\" has no field");
    if (file.base_id && !bases.contains(*file.base_id)) {
      return InvalidInput("data file \"", file.path, "\" lies under base path ", *file.base_id,
                          ", which the table does not list");
    }
    for (int32_t id : file.fields) {
      has_row_ids = has_row_ids || id == kRowIdFieldId;
      // Structs may stand in several files, each with some of the children.
      if (leaves.contains(id) && !stored.insert(id).second) {
        return InvalidInput("field ", id, " is in two data files, one of them \"", file.path, "\"");
      }
    }
  }
  if (fragment.row_ids.in_hidden_column && !has_row_ids) {
    return InvalidInput("the row ids are in a hidden column, but no data file has it");
  }
  if (fragment.deletion_file && fragment.deletion_file->base_id &&
      !bases.contains(*fragment.deletion_file->base_id)) {
    return InvalidInput("the deletion file lies under base path ", *fragment.deletion_file->base_id,
                        ", which the table does not list");
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Status ValidateManifest(const Manifest& manifest) {
  std::unordered_set<uint32_t> bases;
  for (const BasePath& base : manifest.base_paths) {
    if (!bases.insert(base.id).second) return InvalidInput("two base paths have id ", base.id);
  }
  std::unordered_set<int32_t> leaves, field_ids;
  arrow::Status status;
  VisitFields(manifest.schema.fields, [&](const Field& field) {
    if (status.ok() && (field.id < 0 || !field_ids.insert(field.id).second)) {
      status = InvalidInput("field \"", field.name, "\" has id ", field.id,
                            field.id < 0 ? "" : ", which another field has too");
    }
    if (field.children.empty()) leaves.insert(field.id);
  });
  ARROW_RETURN_NOT_OK(status);

  std::unordered_set<uint64_t> ids;
  for (const FragmentMetadata& fragment : manifest.fragments) {
    const std::string name = "fragment " + std::to_string(fragment.id);
    if (!ids.insert(fragment.id).second) return InvalidInput("two fragments have id ", fragment.id);
    if (!manifest.max_fragment_id || fragment.id > *manifest.max_fragment_id) {
      return InvalidInput(name, " lies above the largest fragment id");
    }
    if (auto valid = ValidateFragment(fragment); !valid.ok()) return InvalidInput(valid.message());
    ARROW_RETURN_NOT_OK(Prefix(ValidateFiles(fragment, leaves, bases), name));
  }
  return arrow::Status::OK();
}

void AssignFragmentIds(std::vector<FragmentMetadata>* fragments, ManifestDraft* draft) {
  for (FragmentMetadata& fragment : *fragments) {
    if (fragment.id == 0) fragment.id = draft->next_fragment_id++;
  }
}

std::unordered_set<int32_t> FieldIds(const Schema& schema) {
  std::unordered_set<int32_t> ids;
  VisitFields(schema.fields, [&](const Field& field) { ids.insert(field.id); });
  return ids;
}

void DropDeadFiles(const std::unordered_set<int32_t>& live_fields, FragmentMetadata* fragment) {
  std::erase_if(fragment->files, [&](const DataFile& file) {
    return std::ranges::none_of(file.fields,
                                [&](int32_t id) { return IsLive(id, live_fields, *fragment); });
  });
}

std::unordered_map<uint64_t, const FragmentMetadata*> ById(
    const std::vector<FragmentMetadata>& fragments) {
  std::unordered_map<uint64_t, const FragmentMetadata*> by_id;
  for (const FragmentMetadata& fragment : fragments) by_id.emplace(fragment.id, &fragment);
  return by_id;
}

}  // namespace lancea
