// Operations that bring, replace or drop columns: Merge, Project, DataReplacement.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "lancea/schema/field.h"
#include "lancea/table/fragment.h"
#include "lancea/table/index_coverage.h"
#include "lancea/table/manifest_draft.h"
#include "lancea/table/row_lineage.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

/// The file that holds each field, by field id.
std::unordered_map<int32_t, const DataFile*> FilesByField(const FragmentMetadata& fragment) {
  std::unordered_map<int32_t, const DataFile*> files;
  for (const DataFile& file : fragment.files) {
    for (int32_t id : file.fields) {
      if (id >= 0) files[id] = &file;
    }
  }
  return files;
}

/// The fields of `before` that `after` still has, in another file.
std::vector<int32_t> RewrittenFields(const FragmentMetadata& before,
                                     const FragmentMetadata& after) {
  const auto old_files = FilesByField(before), new_files = FilesByField(after);
  std::vector<int32_t> fields;
  for (const auto& [id, file] : old_files) {
    auto found = new_files.find(id);
    if (found != new_files.end() && found->second->path != file->path) fields.push_back(id);
  }
  return fields;
}

bool SameFiles(const FragmentMetadata& a, const FragmentMetadata& b) {
  return std::ranges::equal(a.files, b.files, [](DataFile x, DataFile y) {
    x.file_size_bytes = y.file_size_bytes = 0;  // learnt late, by reading
    return x == y;
  });
}

/// Fields may be added, dropped and renamed; one that stays means the same column.
arrow::Status CheckMergedSchema(const Manifest& previous, const operation::Merge& merge) {
  const int32_t max_field_id =
      std::max(previous.max_field_id(), previous.max_allocated_field_id.value_or(-1));
  const auto merged = ById(merge.fragments);
  arrow::Status status;
  VisitFields(merge.schema.fields, [&](const Field& field) {
    if (!status.ok()) return;
    const Field* before = previous.schema.FindById(field.id);
    if (before == nullptr) {
      if (field.id <= max_field_id) {
        status = InvalidInput("new field \"", field.name, "\" has id ", field.id, "; ids up to ",
                              max_field_id, " are in use or were");
      }
      return;
    }
    if (before->parent_id != field.parent_id) {
      status = InvalidInput("field ", field.id, " (\"", field.name, "\") changes its parent from ",
                            before->parent_id, " to ", field.parent_id);
    } else if (before->logical_type != field.logical_type) {
      for (const FragmentMetadata& fragment : previous.fragments) {
        auto after = merged.find(fragment.id);
        const auto old_files = FilesByField(fragment);
        if (after == merged.end() || !old_files.contains(field.id)) continue;
        const auto new_files = FilesByField(*after->second);
        auto new_file = new_files.find(field.id);
        if (new_file == new_files.end() || new_file->second->path == old_files.at(field.id)->path) {
          status = InvalidInput("field ", field.id, " (\"", field.name, "\") changes from ",
                                before->logical_type, " to ", field.logical_type,
                                " without being rewritten in fragment ", fragment.id);
          return;
        }
      }
    }
  });
  return status;
}

/// The fields a file has columns of: those it lists and what lies between them and the top.
std::unordered_set<int32_t> CoveredFields(const Schema& schema, const DataFile& file) {
  std::unordered_set<int32_t> ids(file.fields.begin(), file.fields.end());
  VisitFields(SchemaOfDataFile(schema, file).fields,
              [&](const Field& field) { ids.insert(field.id); });
  std::erase_if(ids, [](int32_t id) { return id < 0; });
  return ids;
}

arrow::Status ReplaceFile(const Schema& schema, const DataFile& new_file,
                          FragmentMetadata* fragment) {
  ARROW_ASSIGN_OR_RAISE(std::string new_version, FileVersionOf(new_file));
  // A file of exactly these fields is exchanged.
  for (DataFile& file : fragment->files) {
    if (file.fields == new_file.fields && file.file_major_version == new_file.file_major_version &&
        file.file_minor_version == new_file.file_minor_version) {
      if (file == new_file) {
        return InvalidInput("fragment ", fragment->id, " has \"", new_file.path, "\" already");
      }
      file = new_file;
      return arrow::Status::OK();
    }
  }
  // Else the fields die where they are.
  const auto replaced = CoveredFields(schema, new_file);
  size_t num_present = 0;
  std::unordered_set<int32_t> present;
  for (const DataFile& file : fragment->files) present.merge(CoveredFields(schema, file));
  for (int32_t id : replaced) num_present += present.contains(id);
  if (num_present != 0 && num_present != replaced.size()) {
    return InvalidInput("fragment ", fragment->id, " has ", num_present, " of the ",
                        replaced.size(), " fields of \"", new_file.path,
                        "\"; all or none it takes");
  }
  for (DataFile& file : fragment->files) {
    for (int32_t& id : file.fields) {
      if (!replaced.contains(id)) continue;
      if (IsLegacyFile(file)) {
        return InvalidInput("\"", file.path, "\" of version 0.1 can be replaced only as a whole");
      }
      id = kTombstoneFieldId;
    }
  }
  fragment->files.push_back(new_file);
  DropDeadFiles(FieldIds(schema), fragment);
  return arrow::Status::OK();
}

}  // namespace

arrow::Status Apply(const operation::Merge& merge, ManifestDraft* draft) {
  const Manifest& previous = *draft->previous;
  ARROW_RETURN_NOT_OK(CheckMergedSchema(previous, merge));
  Manifest& next = draft->next;
  next.schema = merge.schema;
  const auto present = ById(previous.fragments);
  const auto live_fields = FieldIds(next.schema);

  // The first fragment with a known id is that fragment; others are new rows, whose id 0 may be a
  // known one too.
  std::unordered_set<uint64_t> seen;
  std::vector<FragmentMetadata> kept, added;
  std::vector<RewrittenColumns> rewritten;
  for (const FragmentMetadata& fragment : merge.fragments) {
    auto found = present.find(fragment.id);
    if (found == present.end() || !seen.insert(fragment.id).second) {
      if (!fragment.row_ids.empty()) {
        return InvalidInput("Merge: new fragment ", fragment.id, " brings row ids");
      }
      added.push_back(fragment);
      continue;
    }
    const FragmentMetadata& before = *found->second;
    if (!added.empty()) {
      return InvalidInput("Merge lists fragment ", fragment.id, " behind a new one");
    }
    if (before.physical_rows != fragment.physical_rows) {
      return InvalidInput("Merge changes fragment ", fragment.id, " from ", before.physical_rows,
                          " to ", fragment.physical_rows, " rows");
    }
    if (draft->stable_row_ids && fragment.row_ids.empty()) {
      return InvalidInput("Merge drops the row ids of fragment ", fragment.id);
    }
    rewritten.push_back({fragment.id, RewrittenFields(before, fragment)});
    kept.push_back(fragment);
    if (draft->stable_row_ids && !SameFiles(before, fragment)) {
      SetUpdated(next.version, &kept.back());
    }
    DropDeadFiles(live_fields, &kept.back());
  }
  if (kept.size() != previous.fragments.size()) {
    return InvalidInput("Merge lists ", kept.size(), " of the table's ", previous.fragments.size(),
                        " fragments");
  }
  next.fragments = std::move(kept);
  ARROW_RETURN_NOT_OK(Apply(operation::Append{std::move(added)}, draft));
  ForgetRewrittenColumns(rewritten, next.schema, &draft->indices);
  DropDeadIndices(next.schema, next.fragments, &draft->indices);
  return arrow::Status::OK();
}

arrow::Status Apply(const operation::Project& project, ManifestDraft* draft) {
  Manifest& next = draft->next;
  arrow::Status status;
  VisitFields(project.schema.fields, [&](const Field& field) {
    if (status.ok() && draft->previous->schema.FindById(field.id) == nullptr) {
      status = InvalidInput("Project: field ", field.id, " (\"", field.name,
                            "\") is not one of the table's");
    }
  });
  ARROW_RETURN_NOT_OK(status);
  next.schema = project.schema;
  const auto live_fields = FieldIds(next.schema);
  for (FragmentMetadata& fragment : next.fragments) DropDeadFiles(live_fields, &fragment);
  DropDeadIndices(next.schema, next.fragments, &draft->indices);
  return arrow::Status::OK();
}

arrow::Status Apply(const operation::DataReplacement& replacement, ManifestDraft* draft) {
  Manifest& next = draft->next;
  std::unordered_map<uint64_t, FragmentMetadata*> by_id;
  for (FragmentMetadata& fragment : next.fragments) by_id.emplace(fragment.id, &fragment);
  std::vector<RewrittenColumns> rewritten;
  std::unordered_set<uint64_t> changed;
  for (const auto& group : replacement.replacements) {
    if (group.new_file.fields != replacement.replacements[0].new_file.fields) {
      return InvalidInput("DataReplacement: the new files have different fields");
    }
    auto found = by_id.find(group.fragment_id);
    if (found == by_id.end()) {
      return InvalidInput("DataReplacement of fragment ", group.fragment_id,
                          ", which the table does not have");
    }
    if (!changed.insert(group.fragment_id).second) {
      return InvalidInput("DataReplacement names fragment ", group.fragment_id, " twice");
    }
    ARROW_RETURN_NOT_OK(ReplaceFile(next.schema, group.new_file, found->second));
    const auto covered = CoveredFields(next.schema, group.new_file);
    rewritten.push_back({group.fragment_id, {covered.begin(), covered.end()}});
    if (draft->stable_row_ids) SetUpdated(next.version, found->second);
  }
  ForgetRewrittenColumns(rewritten, next.schema, &draft->indices);
  return arrow::Status::OK();
}

}  // namespace lancea
