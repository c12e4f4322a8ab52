// Operations that bring, move or drop rows: Append, Delete, Overwrite, Rewrite, Update.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "lancea/table/index_coverage.h"
#include "lancea/table/manifest_draft.h"
#include "lancea/table/mem_wal_state.h"
#include "lancea/table/roaring_bitmap.h"
#include "lancea/table/row_lineage.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using FragmentList = std::vector<FragmentMetadata>;

arrow::Status CheckNew(const FragmentMetadata& fragment) {
  if (fragment.physical_rows == 0) {
    return InvalidInput("a new fragment does not say how many rows it has");
  }
  if (fragment.files.empty()) {
    return InvalidInput("a new fragment of ", fragment.physical_rows, " rows has no data file");
  }
  return arrow::Status::OK();
}

void Extend(FragmentList fragments, FragmentList* out) {
  out->insert(out->end(), std::make_move_iterator(fragments.begin()),
              std::make_move_iterator(fragments.end()));
}

/// Ids and, in tables that have it, lineage for fragments of new rows.
arrow::Status AddNewRows(FragmentList fragments, ManifestDraft* draft) {
  const auto live_fields = FieldIds(draft->next.schema);
  for (FragmentMetadata& fragment : fragments) {
    ARROW_RETURN_NOT_OK(CheckNew(fragment));
    DropDeadFiles(live_fields, &fragment);
  }
  AssignFragmentIds(&fragments, draft);
  if (draft->stable_row_ids) {
    ARROW_RETURN_NOT_OK(AssignRowIds(&fragments, &draft->next.next_row_id));
    for (FragmentMetadata& fragment : fragments) SetCreated(draft->next.version, &fragment);
  }
  Extend(std::move(fragments), &draft->next.fragments);
  return arrow::Status::OK();
}

arrow::Status NoSuchFragment(uint64_t id, const char* operation) {
  return InvalidInput(operation, " of fragment ", id, ", which the table does not have");
}

}  // namespace

arrow::Status Apply(const operation::Append& append, ManifestDraft* draft) {
  return AddNewRows(append.fragments, draft);
}

arrow::Status Apply(const operation::Delete& deletion, ManifestDraft* draft) {
  FragmentList& fragments = draft->next.fragments;
  const auto present = ById(draft->previous->fragments);
  const auto updated = ById(deletion.updated_fragments);
  const std::unordered_set<uint64_t> deleted(deletion.deleted_fragment_ids.begin(),
                                             deletion.deleted_fragment_ids.end());
  for (uint64_t id : deleted) {
    if (!present.contains(id)) return NoSuchFragment(id, "Delete");
  }
  for (const auto& [id, fragment] : updated) {
    if (!present.contains(id)) return NoSuchFragment(id, "Delete");
  }
  std::erase_if(fragments, [&](const FragmentMetadata& f) { return deleted.contains(f.id); });
  for (FragmentMetadata& fragment : fragments) {
    // Prepared on an older version, so only what a deletion changes is taken over.
    auto found = updated.find(fragment.id);
    if (found != updated.end()) fragment.deletion_file = found->second->deletion_file;
  }
  DropDeadIndices(draft->next.schema, fragments, &draft->indices);
  return arrow::Status::OK();
}

arrow::Status Apply(const operation::Overwrite& overwrite, ManifestDraft* draft) {
  Manifest& next = draft->next;
  if (draft->previous != nullptr && !overwrite.initial_bases.empty()) {
    return InvalidInput("base paths can be listed when a table is created, not when overwritten");
  }
  for (const BasePath& base : overwrite.initial_bases) {
    if (std::ranges::find(next.base_paths, base.id, &BasePath::id) != next.base_paths.end()) {
      return InvalidInput("base path id ", base.id, " is given twice");
    }
    next.base_paths.push_back(base);
  }
  FragmentList fragments = overwrite.fragments;
  for (FragmentMetadata& fragment : fragments) {
    // The id is part of a deletion file's path.
    if (fragment.deletion_file) {
      return InvalidInput("Overwrite takes new fragments; fragment ", fragment.id,
                          " has a deletion file");
    }
    fragment.id = 0;
    // Fragments of this table keep the ids of their rows; a new table gives its own.
    if (draft->previous == nullptr || !draft->stable_row_ids) fragment.row_ids = {};
    fragment.created_at_versions = {};
    fragment.last_updated_at_versions = {};
  }
  next.schema = overwrite.schema;
  next.fragments.clear();
  draft->indices.clear();
  for (const auto& [key, value] : overwrite.config_upsert_values) next.config[key] = value;
  if (draft->settings->data_storage_version) {
    next.data_storage_version = *draft->settings->data_storage_version;
  }
  return AddNewRows(std::move(fragments), draft);
}

namespace {

/// The entry of the rewrite in place of the one it continues.
arrow::Status ReplaceFragmentReuse(const operation::FragmentReuseEntry& reuse,
                                   ManifestDraft* draft) {
  auto& indices = draft->indices;
  auto found = std::ranges::find(indices, reuse.entry.name, &IndexInfo::name);
  const std::string current = found == indices.end() ? "" : found->uuid;
  if (current != reuse.replaces) {
    return RetryableConflict("the fragment reuse index was changed meanwhile");
  }
  if (found != indices.end()) indices.erase(found);
  indices.push_back(reuse.entry);
  return arrow::Status::OK();
}

}  // namespace

arrow::Status Apply(const operation::Rewrite& rewrite, ManifestDraft* draft) {
  Manifest& next = draft->next;
  const auto present = ById(draft->previous->fragments);
  std::unordered_set<uint64_t> replaced;
  std::vector<operation::RewriteGroup> groups = rewrite.groups;
  FragmentList added;
  for (operation::RewriteGroup& group : groups) {
    uint64_t old_rows = 0, new_rows = 0;
    bool is_known = true, has_versions = false;
    for (const FragmentMetadata& old_fragment : group.old_fragments) {
      auto found = present.find(old_fragment.id);
      if (found == present.end()) return NoSuchFragment(old_fragment.id, "Rewrite");
      if (!replaced.insert(old_fragment.id).second) {
        return InvalidInput("fragment ", old_fragment.id, " is rewritten twice");
      }
      const FragmentMetadata& current = *found->second;
      is_known = is_known && current.physical_rows > 0 &&
                 (!current.deletion_file || current.num_deletions() > 0);
      old_rows += current.num_rows();
      has_versions = has_versions || !current.created_at_versions.empty();
    }
    AssignFragmentIds(&group.new_fragments, draft);
    for (const FragmentMetadata& fragment : group.new_fragments) {
      ARROW_RETURN_NOT_OK(CheckNew(fragment));
      new_rows += fragment.num_rows();
      if (draft->stable_row_ids) {
        ARROW_ASSIGN_OR_RAISE(bool has_ids, HasAllRowIds(fragment));
        if (!has_ids || (has_versions && fragment.created_at_versions.empty())) {
          return InvalidInput("rewritten fragment ", fragment.id,
                              " does not bring the row ids and versions of its rows");
        }
      }
      added.push_back(fragment);
    }
    if (is_known && old_rows != new_rows) {
      return InvalidInput("a rewrite of ", old_rows, " rows brings ", new_rows);
    }
  }
  std::erase_if(next.fragments, [&](const FragmentMetadata& f) { return replaced.contains(f.id); });
  Extend(std::move(added), &next.fragments);
  if (rewrite.fragment_reuse) {
    ARROW_RETURN_NOT_OK(ReplaceFragmentReuse(*rewrite.fragment_reuse, draft));
  }
  return FollowRewrite(groups, rewrite.rewritten_indices, draft->stable_row_ids, &draft->indices);
}

namespace {

/// The rows an update changed in place, by fragment.
arrow::Result<std::unordered_map<uint64_t, std::vector<ValueRange>>> UpdatedRows(
    const operation::Update& update) {
  std::unordered_map<uint64_t, std::vector<ValueRange>> rows;
  for (const auto& [id, bitmap] : update.updated_fragment_offset_bitmaps) {
    if (bitmap.empty()) continue;
    auto ranges =
        ParseRoaringBitmap({reinterpret_cast<const uint8_t*>(bitmap.data()), bitmap.size()});
    if (!ranges.ok()) return InvalidInput("updated rows: ", ranges.status().message());
    rows[id] = *std::move(ranges);
  }
  if (!rows.empty()) return rows;
  for (const auto& [id, offsets] : update.updated_fragment_offsets) {
    std::vector<uint32_t> sorted = offsets;
    std::ranges::sort(sorted);
    sorted.erase(std::ranges::unique(sorted).begin(), sorted.end());
    rows[id] = RangesOfValues(sorted);
  }
  return rows;
}

/// The previous fragments, those updated replaced and those removed left out.
arrow::Status ReplaceUpdated(const operation::Update& update, ManifestDraft* draft) {
  const auto present = ById(draft->previous->fragments);
  const auto updated = ById(update.updated_fragments);
  const std::unordered_set<uint64_t> removed(update.removed_fragment_ids.begin(),
                                             update.removed_fragment_ids.end());
  for (uint64_t id : removed) {
    if (!present.contains(id)) return NoSuchFragment(id, "Update");
  }
  for (const auto& [id, fragment] : updated) {
    auto found = present.find(id);
    if (found == present.end()) return NoSuchFragment(id, "Update");
    if (found->second->physical_rows != fragment->physical_rows) {
      return InvalidInput("Update changes fragment ", id, " from ", found->second->physical_rows,
                          " to ", fragment->physical_rows, " rows");
    }
  }
  const auto live_fields = FieldIds(draft->next.schema);
  FragmentList fragments;
  for (FragmentMetadata& fragment : draft->next.fragments) {
    if (removed.contains(fragment.id)) continue;
    auto found = updated.find(fragment.id);
    if (found == updated.end()) {
      fragments.push_back(std::move(fragment));
      continue;
    }
    fragments.push_back(*found->second);
    DropDeadFiles(live_fields, &fragments.back());
  }
  draft->next.fragments = std::move(fragments);
  if (!draft->stable_row_ids || update.mode != operation::Update::Mode::kRewriteColumns) {
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(auto rows, UpdatedRows(update));
  for (const auto& [id, offsets] : rows) {
    if (!updated.contains(id)) {
      return InvalidInput("Update names rows of fragment ", id, ", which it does not rewrite");
    }
  }
  for (FragmentMetadata& fragment : draft->next.fragments) {
    auto found = rows.find(fragment.id);
    if (found == rows.end()) continue;
    ARROW_RETURN_NOT_OK(SetUpdatedAt(found->second, draft->next.version,
                                     draft->settings->spilled_lineage, &fragment));
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Status Apply(const operation::Update& update, ManifestDraft* draft) {
  Manifest& next = draft->next;
  ARROW_RETURN_NOT_OK(ReplaceUpdated(update, draft));

  std::vector<RewrittenColumns> rewritten;
  for (const FragmentMetadata& fragment : update.updated_fragments) {
    rewritten.push_back(
        {fragment.id, {update.fields_modified.begin(), update.fields_modified.end()}});
  }
  ForgetRewrittenColumns(rewritten, next.schema, &draft->indices);

  FragmentList added = update.new_fragments;
  const auto live_fields = FieldIds(next.schema);
  for (FragmentMetadata& fragment : added) {
    ARROW_RETURN_NOT_OK(CheckNew(fragment));
    DropDeadFiles(live_fields, &fragment);
  }
  AssignFragmentIds(&added, draft);
  if (draft->stable_row_ids) {
    // Before the inserted rows get ids of their own.
    std::vector<uint64_t> moved_ids, source_ids = update.removed_fragment_ids;
    for (const FragmentMetadata& fragment : added) {
      ARROW_ASSIGN_OR_RAISE(bool has_all, HasAllRowIds(fragment));
      if (has_all) moved_ids.push_back(fragment.id);
    }
    for (const FragmentMetadata& fragment : update.updated_fragments) {
      source_ids.push_back(fragment.id);
    }
    ARROW_RETURN_NOT_OK(AssignRowIds(&added, &next.next_row_id));
    ARROW_RETURN_NOT_OK(SetMoved(draft->previous->fragments, next.version,
                                 draft->settings->spilled_lineage, &added));
    if (update.mode == operation::Update::Mode::kRewriteRows) {
      FollowMovedRows(moved_ids, source_ids, update.changed_fields, &draft->indices);
    }
  }
  Extend(std::move(added), &next.fragments);
  DropDeadIndices(next.schema, next.fragments, &draft->indices);
  return RecordCompactions(update.compacted_sstables, next.version, &draft->indices);
}

}  // namespace lancea
