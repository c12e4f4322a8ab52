#include "lancea/table/index_coverage.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "lancea/schema/field.h"
#include "lancea/table/index_metadata.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

/// BTree files hold addresses from this version on, ids before.
constexpr int32_t kBTreeAddressVersion = 1;

std::string Name(const IndexInfo& index) { return "index \"" + index.name + "\""; }

void SetCoverage(std::vector<uint32_t> ids, IndexInfo* index) {
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  index->fragment_ids = std::move(ids);
  index->has_fragment_bitmap = true;
}

template <typename Ids>
void Forget(const Ids& fragment_ids, IndexInfo* index) {
  std::erase_if(index->fragment_ids, [&](uint32_t id) { return fragment_ids.contains(id); });
}

/// The coverage with every group of which it has all old fragments exchanged.
arrow::Status Exchange(const std::vector<operation::RewriteGroup>& groups, IndexInfo* index) {
  std::unordered_set<uint64_t> gone;
  std::vector<uint32_t> added;
  for (const operation::RewriteGroup& group : groups) {
    size_t num_covered = 0;
    for (const FragmentMetadata& fragment : group.old_fragments) {
      num_covered += Covers(*index, fragment.id);
    }
    if (num_covered == 0) continue;
    if (num_covered != group.old_fragments.size()) {
      return InvalidInput(Name(*index), " covers ", num_covered, " of ", group.old_fragments.size(),
                          " fragments that are rewritten together; rewrite indexed and unindexed "
                          "fragments apart");
    }
    for (const FragmentMetadata& fragment : group.old_fragments) gone.insert(fragment.id);
    for (const FragmentMetadata& fragment : group.new_fragments) {
      added.push_back(static_cast<uint32_t>(fragment.id));
    }
  }
  Forget(gone, index);
  added.insert(added.end(), index->fragment_ids.begin(), index->fragment_ids.end());
  SetCoverage(std::move(added), index);
  return arrow::Status::OK();
}

}  // namespace

bool AnswersWithAddresses(const IndexInfo& index) {
  const std::string& url = index.type_url;
  std::string type = url.substr(url.rfind('/') + 1);
  std::ranges::transform(type, type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (type.ends_with("btreeindexdetails")) {
    return index.index_version.value_or(0) >= kBTreeAddressVersion;
  }
  return type.ends_with("zonemapindexdetails") || type.ends_with("bloomfilterindexdetails") ||
         type == "lance.index.pb.fmindexdetails";
}

bool Covers(const IndexInfo& index, uint64_t fragment_id) {
  return std::ranges::binary_search(index.fragment_ids, fragment_id);
}

void ForgetRewrittenColumns(const std::vector<RewrittenColumns>& rewritten, const Schema& schema,
                            std::vector<IndexInfo>* indices) {
  if (rewritten.empty() || indices->empty()) return;
  std::unordered_map<int32_t, std::unordered_set<uint64_t>> fragments_by_field;
  for (const RewrittenColumns& columns : rewritten) {
    for (int32_t id : columns.field_ids) {
      fragments_by_field[id].insert(columns.fragment_id);
      if (const Field* field = schema.FindById(id)) {
        VisitFields(field->children, [&](const Field& child) {
          fragments_by_field[child.id].insert(columns.fragment_id);
        });
      }
    }
  }
  for (IndexInfo& index : *indices) {
    for (int32_t id : index.field_ids) {
      auto found = fragments_by_field.find(id);
      if (found != fragments_by_field.end()) Forget(found->second, &index);
    }
  }
}

void DropDeadIndices(const Schema& schema, const std::vector<FragmentMetadata>& fragments,
                     std::vector<IndexInfo>* indices) {
  if (indices->empty()) return;
  std::unordered_set<int32_t> fields;
  VisitFields(schema.fields, [&](const Field& field) { fields.insert(field.id); });
  std::erase_if(*indices, [&](const IndexInfo& index) {
    return !IsSystemIndex(index) &&
           !std::ranges::all_of(index.field_ids, [&](int32_t id) { return fields.contains(id); });
  });

  std::unordered_set<uint64_t> live;
  for (const FragmentMetadata& fragment : fragments) live.insert(fragment.id);
  std::map<std::string, std::vector<const IndexInfo*>> by_name;
  for (const IndexInfo& index : *indices) {
    // What is not recorded is not known to be empty.
    if (index.has_fragment_bitmap && !IsSystemIndex(index)) by_name[index.name].push_back(&index);
  }
  std::unordered_set<std::string> dead;
  for (const auto& [name, entries] : by_name) {
    if (entries.size() < 2) continue;
    std::vector<const IndexInfo*> empty;
    for (const IndexInfo* index : entries) {
      if (std::ranges::none_of(index->fragment_ids,
                               [&](uint32_t id) { return live.contains(id); })) {
        empty.push_back(index);
      }
    }
    const IndexInfo* kept = nullptr;
    if (empty.size() == entries.size()) {
      kept = *std::ranges::min_element(empty, {}, [](const IndexInfo* index) {
        return std::tuple(!index->created_at_millis, index->created_at_millis.value_or(0),
                          index->dataset_version);
      });
    }
    for (const IndexInfo* index : empty) {
      if (index != kept) dead.insert(index->uuid);
    }
  }
  std::erase_if(*indices, [&](const IndexInfo& index) { return dead.contains(index.uuid); });
}

arrow::Status FollowRewrite(const std::vector<operation::RewriteGroup>& groups,
                            const std::vector<operation::RewrittenIndex>& rewritten,
                            bool stable_row_ids, std::vector<IndexInfo>* indices) {
  std::unordered_set<std::string> done;
  for (const operation::RewrittenIndex& change : rewritten) {
    if (!done.insert(change.old_uuid).second) {
      return InvalidInput("index ", change.old_uuid, " is rewritten twice");
    }
    // It may have been dropped meanwhile.
    auto index = std::ranges::find(*indices, change.old_uuid, &IndexInfo::uuid);
    if (index == indices->end()) continue;
    if (!index->has_fragment_bitmap) {
      return InvalidInput(Name(*index),
                          " does not record which fragments it covers, and so "
                          "cannot be rewritten with them");
    }
    ARROW_RETURN_NOT_OK(Exchange(groups, &*index));
    index->uuid = change.new_uuid;
    index->files = change.files;
    index->base_id.reset();
    if (!change.details_type_url.empty()) {
      index->type_url = change.details_type_url;
      index->details = change.details;
      index->index_version = static_cast<int32_t>(change.version);
    }
    done.insert(change.new_uuid);
  }
  if (!stable_row_ids) return arrow::Status::OK();

  std::unordered_set<uint64_t> old_ids;
  for (const operation::RewriteGroup& group : groups) {
    for (const FragmentMetadata& fragment : group.old_fragments) old_ids.insert(fragment.id);
  }
  for (IndexInfo& index : *indices) {
    if (done.contains(index.uuid) || !index.has_fragment_bitmap || IsSystemIndex(index)) continue;
    if (AnswersWithAddresses(index)) {
      Forget(old_ids, &index);
    } else {
      ARROW_RETURN_NOT_OK(Exchange(groups, &index));
    }
  }
  return arrow::Status::OK();
}

void FollowMovedRows(const std::vector<uint64_t>& new_fragment_ids,
                     const std::vector<uint64_t>& old_fragment_ids,
                     const std::vector<uint32_t>& changed_fields, std::vector<IndexInfo>* indices) {
  // Nothing said of the columns: every one may have changed.
  if (new_fragment_ids.empty() || changed_fields.empty()) return;
  for (IndexInfo& index : *indices) {
    if (!index.has_fragment_bitmap || IsSystemIndex(index) || AnswersWithAddresses(index)) continue;
    const bool is_changed = std::ranges::any_of(index.field_ids, [&](int32_t id) {
      return std::ranges::find(changed_fields, static_cast<uint32_t>(id)) != changed_fields.end();
    });
    if (is_changed ||
        !std::ranges::all_of(old_fragment_ids, [&](uint64_t id) { return Covers(index, id); })) {
      continue;
    }
    std::vector<uint32_t> covered = index.fragment_ids;
    covered.insert(covered.end(), new_fragment_ids.begin(), new_fragment_ids.end());
    SetCoverage(std::move(covered), &index);
  }
}

arrow::Status ValidateIndex(const IndexInfo& index, const Schema& schema) {
  ARROW_RETURN_NOT_OK(Prefix(ParseUuid(index.uuid).status(), Name(index)));
  if (index.name.empty()) return InvalidInput("an index without a name");
  for (int32_t id : index.field_ids) {
    if (schema.FindById(id) == nullptr) {
      return InvalidInput(Name(index), " is on field ", id, ", which the table does not have");
    }
  }
  const size_t num_covering = index.covering_fields.size();
  if (num_covering == 0) return arrow::Status::OK();
  if (num_covering >= index.field_ids.size() ||
      !std::equal(index.covering_fields.begin(), index.covering_fields.end(),
                  index.field_ids.end() - static_cast<ptrdiff_t>(num_covering))) {
    return InvalidInput(Name(index),
                        ": the columns it carries must be the last of its fields, "
                        "behind at least one it is keyed on");
  }
  const std::unordered_set<int32_t> distinct(index.covering_fields.begin(),
                                             index.covering_fields.end());
  if (distinct.size() != num_covering) {
    return InvalidInput(Name(index), " carries a column twice");
  }
  return arrow::Status::OK();
}

}  // namespace lancea
