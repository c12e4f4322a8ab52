#include "lancea/table/conflict_rule_functions.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include "lancea/table/conflict_predicates.h"

namespace lancea {
namespace conflict {
namespace {

using operation::CreateIndex;
using operation::DataReplacement;
using operation::Delete;
using operation::Merge;
using operation::Project;
using operation::Rewrite;
using operation::Update;
using operation::UpdateBases;
using operation::UpdateConfig;
using operation::UpdateMemWalState;

Verdict Retry(std::string reason) { return {Compatibility::kRetryable, std::move(reason)}; }

Verdict Never(std::string reason) { return {Compatibility::kIncompatible, std::move(reason)}; }

template <typename T>
const T& Ours(const Pair& pair) {
  return std::get<T>(pair.ours);
}

template <typename T>
const T& Theirs(const Pair& pair) {
  return std::get<T>(pair.theirs);
}

std::vector<uint64_t> Common(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b) {
  std::vector<uint64_t> common;
  std::ranges::set_intersection(a, b, std::back_inserter(common));
  return common;
}

struct FragmentChanges {
  const std::vector<FragmentMetadata>& updated;
  const std::vector<uint64_t>& removed;
};

FragmentChanges ChangesOf(const Operation& operation) {
  if (const auto* deletes = std::get_if<Delete>(&operation)) {
    return {deletes->updated_fragments, deletes->deleted_fragment_ids};
  }
  const auto& update = std::get<Update>(operation);
  return {update.updated_fragments, update.removed_fragment_ids};
}

constexpr char kTighterSchema[] = "a new schema may be stricter than the rows written beside it";

/// Both directions of f4.
Verdict IndexBesideRewrite(const CreateIndex& index, const Operation& rewrite) {
  const std::vector<uint64_t> rewritten = TouchedFragments(rewrite);
  for (const IndexInfo& created : index.new_indices) {
    if (!created.has_fragment_bitmap) {
      return Retry("which fragments the index \"" + created.name + "\" covers is not recorded");
    }
    for (uint32_t id : created.fragment_ids) {
      if (std::ranges::binary_search(rewritten, uint64_t{id})) {
        return Retry("the index \"" + created.name + "\" covers fragment " + std::to_string(id) +
                     ", which is rewritten");
      }
    }
  }
  return Verdict{};
}

/// Both directions of f5: IndexInfo::field_ids lists carried fields too.
Verdict IndexBesideReplacement(const CreateIndex& index, const DataReplacement& replacement) {
  for (const IndexInfo& created : index.new_indices) {
    for (const auto& group : replacement.replacements) {
      for (int32_t id : group.new_file.fields) {
        if (std::ranges::count(created.field_ids, id) > 0) {
          return Retry("the index \"" + created.name + "\" depends on field " + std::to_string(id) +
                       ", which is replaced");
        }
      }
    }
  }
  return Verdict{};
}

constexpr char kMemWalChecksSchema[] = "a MemWAL index is made for one schema, which changes";

/// f8
arrow::Result<Verdict> SstablesInOrder(const std::vector<std::string>& ours,
                                       const std::vector<std::string>& theirs) {
  ARROW_ASSIGN_OR_RAISE(auto our_generations, GenerationsByShard(ours));
  ARROW_ASSIGN_OR_RAISE(auto their_generations, GenerationsByShard(theirs));
  Verdict verdict;
  for (const auto& [shard, generation] : our_generations) {
    auto their = their_generations.find(shard);
    if (their == their_generations.end()) continue;
    if (their->second >= generation) {
      return Never("generation " + std::to_string(generation) + " of a MemWAL shard is compacted");
    }
    verdict = Retry("both compact one MemWAL shard");
  }
  return verdict;
}

constexpr char kSchemaMetadata[] = "metadata of the schema that a merge replaces is updated";

constexpr char kRestoredMetadata[] = "metadata of the schema that a restore brings back is updated";

}  // namespace

arrow::Result<Verdict> OtherFragments(const Pair& pair) {
  auto common = Common(TouchedFragments(pair.ours), TouchedFragments(pair.theirs));
  if (common.empty()) return Verdict{};
  return Retry("both change fragment " + std::to_string(common.front()));
}

// Whether both named the same rows is seen when the deletion vectors are merged (rebase.h).
arrow::Result<Verdict> OtherRows(const Pair& pair) {
  auto common = Common(TouchedFragments(pair.ours), TouchedFragments(pair.theirs));
  if (common.empty()) return Verdict{};
  FragmentChanges ours = ChangesOf(pair.ours);
  FragmentChanges theirs = ChangesOf(pair.theirs);
  for (uint64_t id : common) {
    const std::string fragment = "fragment " + std::to_string(id);
    if (std::ranges::count(theirs.removed, id) > 0 || std::ranges::count(ours.removed, id) > 0) {
      return Retry("one removes " + fragment + ", which the other changes");
    }
    if (pair.context.affected_rows == nullptr || pair.context.read_manifest == nullptr) {
      return Retry("both change " + fragment + " and the rows affected are not known");
    }
    const FragmentMetadata* read = pair.context.read_manifest->FindFragment(id);
    auto has_id = [&](const FragmentMetadata& updated) { return updated.id == id; };
    auto our = std::ranges::find_if(ours.updated, has_id);
    auto their = std::ranges::find_if(theirs.updated, has_id);
    if (read == nullptr || our == ours.updated.end() || their == theirs.updated.end() ||
        our->files != read->files || their->files != read->files) {
      return Retry("both change " + fragment + ", not only its deleted rows");
    }
  }
  return Verdict{};
}

arrow::Result<Verdict> UpdateOverAppend(const Pair& pair) {
  if (!Ours<Update>(pair).inserted_rows) return Verdict{};
  return Retry("the appended rows may have keys that the update inserts");
}

arrow::Result<Verdict> UpdateOverUpdate(const Pair& pair) {
  const auto& ours = Ours<Update>(pair).inserted_rows;
  const auto& theirs = Theirs<Update>(pair).inserted_rows;
  if (ours && (!theirs || MayShareKeys(*ours, *theirs))) {
    return Retry("both may insert the same keys");
  }
  return OtherRows(pair);
}

arrow::Result<Verdict> ValuesOverMerge(const Pair& pair) {
  if (Theirs<Merge>(pair).preserves_nullability) return Verdict{};
  return Retry(kTighterSchema);
}

arrow::Result<Verdict> ValuesOverProject(const Pair& pair) {
  if (Theirs<Project>(pair).preserves_nullability) return Verdict{};
  return Retry(kTighterSchema);
}

arrow::Result<Verdict> ProjectOverValues(const Pair& pair) {
  if (Ours<Project>(pair).preserves_nullability) return Verdict{};
  return Retry(kTighterSchema);
}

arrow::Result<Verdict> UpdateOverProject(const Pair& pair) {
  const auto& project = Theirs<Project>(pair);
  if (!project.preserves_nullability) return Retry(kTighterSchema);
  for (uint32_t id : Ours<Update>(pair).fields_modified) {
    if (project.schema.FindById(static_cast<int32_t>(id)) == nullptr) {
      return Retry("field " + std::to_string(id) + ", which the update rewrites, was dropped");
    }
  }
  return Verdict{};
}

arrow::Result<Verdict> ReplacementOverProject(const Pair& pair) {
  const auto& project = Theirs<Project>(pair);
  if (!project.preserves_nullability) return Retry(kTighterSchema);
  for (const auto& group : Ours<DataReplacement>(pair).replacements) {
    for (int32_t id : group.new_file.fields) {
      if (id >= 0 && project.schema.FindById(id) == nullptr) {
        return Never("field " + std::to_string(id) + ", which is replaced, was dropped");
      }
    }
  }
  return Verdict{};
}

arrow::Result<Verdict> ReplacementOverDelete(const Pair& pair) {
  const auto& removed = ChangesOf(pair.theirs).removed;
  for (const auto& group : Ours<DataReplacement>(pair).replacements) {
    if (std::ranges::count(removed, group.fragment_id) > 0) {
      return Never("fragment " + std::to_string(group.fragment_id) +
                   ", the target of a replacement, was removed");
    }
  }
  return Verdict{};
}

arrow::Result<Verdict> ReplacementOverUpdate(const Pair& pair) {
  ARROW_ASSIGN_OR_RAISE(Verdict removed, ReplacementOverDelete(pair));
  if (removed.compatibility != Compatibility::kCompatible) return removed;
  const auto& update = Theirs<Update>(pair);
  // New fragments beside rewritten columns are plain inserts, no rows that moved.
  const bool moved_rows =
      !update.new_fragments.empty() && update.mode == Update::Mode::kRewriteRows;
  for (const auto& group : Ours<DataReplacement>(pair).replacements) {
    auto has_id = [&](const FragmentMetadata& updated) { return updated.id == group.fragment_id; };
    if (std::ranges::none_of(update.updated_fragments, has_id)) continue;
    const std::string fragment = "fragment " + std::to_string(group.fragment_id);
    if (moved_rows) return Retry("rows moved out of " + fragment);
    for (int32_t id : group.new_file.fields) {
      if (id >= 0 && std::ranges::count(update.fields_modified, static_cast<uint32_t>(id)) > 0) {
        return Retry("both rewrite field " + std::to_string(id) + " of " + fragment);
      }
    }
  }
  return Verdict{};
}

arrow::Result<Verdict> ReplacementOverReplacement(const Pair& pair) {
  for (const auto& ours : Ours<DataReplacement>(pair).replacements) {
    for (const auto& theirs : Theirs<DataReplacement>(pair).replacements) {
      if (ours.fragment_id != theirs.fragment_id) continue;
      for (int32_t id : ours.new_file.fields) {
        if (std::ranges::count(theirs.new_file.fields, id) > 0) {
          return Retry("both replace field " + std::to_string(id) + " of fragment " +
                       std::to_string(ours.fragment_id));
        }
      }
    }
  }
  return Verdict{};
}

arrow::Result<Verdict> IndexOverIndex(const Pair& pair) {
  std::string name = CollidingIndexName(Ours<CreateIndex>(pair), Theirs<CreateIndex>(pair));
  if (name.empty()) return Verdict{};
  return Retry("both change the index \"" + name + "\"");
}

arrow::Result<Verdict> IndexOverRewrite(const Pair& pair) {
  return IndexBesideRewrite(Ours<CreateIndex>(pair), pair.theirs);
}

arrow::Result<Verdict> RewriteOverIndex(const Pair& pair) {
  const auto& index = Theirs<CreateIndex>(pair);
  if (!CreatesIndex(index, kFragmentReuseIndexName)) return IndexBesideRewrite(index, pair.ours);
  // A trimmed fragment reuse index comes alone, in place of the old one.
  if (index.new_indices.size() == 1 && index.removed_indices.size() == 1) return Verdict{};
  return Never("the fragment reuse index was changed together with others");
}

arrow::Result<Verdict> IndexOverReplacement(const Pair& pair) {
  return IndexBesideReplacement(Ours<CreateIndex>(pair), Theirs<DataReplacement>(pair));
}

arrow::Result<Verdict> ReplacementOverIndex(const Pair& pair) {
  return IndexBesideReplacement(Theirs<CreateIndex>(pair), Ours<DataReplacement>(pair));
}

arrow::Result<Verdict> IndexOverMerge(const Pair& pair) {
  if (!CreatesIndex(Ours<CreateIndex>(pair), kMemWalIndexName)) return Verdict{};
  return Retry(kMemWalChecksSchema);
}

arrow::Result<Verdict> MergeOverIndex(const Pair& pair) {
  if (!CreatesIndex(Theirs<CreateIndex>(pair), kMemWalIndexName)) return Verdict{};
  return Retry(kMemWalChecksSchema);
}

arrow::Result<Verdict> IndexOverMemWal(const Pair& pair) {
  if (CreatesIndex(Ours<CreateIndex>(pair), kMemWalIndexName)) return Verdict{};
  return Never("the state of the MemWAL changed");
}

arrow::Result<Verdict> UpdateOverMemWal(const Pair& pair) {
  return SstablesInOrder(Ours<Update>(pair).compacted_sstables,
                         Theirs<UpdateMemWalState>(pair).compacted_sstables);
}

arrow::Result<Verdict> MemWalOverUpdate(const Pair& pair) {
  return SstablesInOrder(Ours<UpdateMemWalState>(pair).compacted_sstables,
                         Theirs<Update>(pair).compacted_sstables);
}

arrow::Result<Verdict> MemWalOverMemWal(const Pair& pair) {
  return SstablesInOrder(Ours<UpdateMemWalState>(pair).compacted_sstables,
                         Theirs<UpdateMemWalState>(pair).compacted_sstables);
}

arrow::Result<Verdict> MemWalOverIndex(const Pair& pair) {
  for (const IndexInfo& index : Theirs<CreateIndex>(pair).new_indices) {
    if (index.name != kMemWalIndexName) continue;
    ARROW_ASSIGN_OR_RAISE(auto theirs, CompactedSsTablesOf(index));
    return SstablesInOrder(Ours<UpdateMemWalState>(pair).compacted_sstables, theirs);
  }
  return Verdict{};
}

arrow::Result<Verdict> OverwriteOverOverwrite(const Pair& pair) {
  std::string key = CollidingConfigKey(pair.ours, pair.theirs);
  if (!key.empty()) return Never("both set the configuration key \"" + key + "\"");
  return Retry("the table was overwritten meanwhile");
}

arrow::Result<Verdict> OtherConfigKeys(const Pair& pair) {
  std::string key = CollidingConfigKey(pair.ours, pair.theirs);
  if (key.empty()) return Verdict{};
  return Never("both set the configuration key \"" + key + "\"");
}

arrow::Result<Verdict> ConfigOverOverwrite(const Pair& pair) {
  const auto& config = Ours<UpdateConfig>(pair);
  if (config.schema_metadata || !config.field_metadata.empty()) {
    return Never("the schema whose metadata is updated was replaced");
  }
  return OtherConfigKeys(pair);
}

arrow::Result<Verdict> ConfigOverConfig(const Pair& pair) {
  std::string what = CollidingMetadata(Ours<UpdateConfig>(pair), Theirs<UpdateConfig>(pair));
  if (!what.empty()) return Never("both update " + what);
  return OtherConfigKeys(pair);
}

arrow::Result<Verdict> MergeOverConfig(const Pair& pair) {
  if (!UpdatesSchemaMetadata(Theirs<UpdateConfig>(pair))) return Verdict{};
  return Retry(kSchemaMetadata);
}

arrow::Result<Verdict> ConfigOverMerge(const Pair& pair) {
  if (!UpdatesSchemaMetadata(Ours<UpdateConfig>(pair))) return Verdict{};
  return Retry(kSchemaMetadata);
}

arrow::Result<Verdict> RestoreOverConfig(const Pair& pair) {
  if (!UpdatesSchemaMetadata(Theirs<UpdateConfig>(pair))) return Verdict{};
  return Never(kRestoredMetadata);
}

arrow::Result<Verdict> ConfigOverRestore(const Pair& pair) {
  if (!UpdatesSchemaMetadata(Ours<UpdateConfig>(pair))) return Verdict{};
  return Never(kRestoredMetadata);
}

arrow::Result<Verdict> OtherBases(const Pair& pair) {
  for (const BasePath& ours : Ours<UpdateBases>(pair).new_bases) {
    for (const BasePath& theirs : Theirs<UpdateBases>(pair).new_bases) {
      if ((ours.id != 0 && ours.id == theirs.id) || ours.path == theirs.path ||
          (!ours.name.empty() && ours.name == theirs.name)) {
        return Never("both add the base path \"" + ours.path + "\"");
      }
    }
  }
  return Verdict{};
}

}  // namespace conflict

std::vector<uint64_t> TouchedFragments(const Operation& operation) {
  std::set<uint64_t> ids;
  auto add = [&](const std::vector<FragmentMetadata>& fragments) {
    for (const FragmentMetadata& fragment : fragments) ids.insert(fragment.id);
  };
  if (std::holds_alternative<operation::Delete>(operation) ||
      std::holds_alternative<operation::Update>(operation)) {
    conflict::FragmentChanges changes = conflict::ChangesOf(operation);
    add(changes.updated);
    ids.insert(changes.removed.begin(), changes.removed.end());
  } else if (const auto* rewrite = std::get_if<operation::Rewrite>(&operation)) {
    for (const auto& group : rewrite->groups) add(group.old_fragments);
  } else if (const auto* replacement = std::get_if<operation::DataReplacement>(&operation)) {
    for (const auto& group : replacement->replacements) ids.insert(group.fragment_id);
  }
  return {ids.begin(), ids.end()};
}

}  // namespace lancea
