#include "lancea/table/rebase.h"

#include <algorithm>
#include <set>
#include <utility>

#include "arrow/buffer.h"
#include "lancea/proto/table.pb.h"
#include "lancea/table/base_paths.h"
#include "lancea/table/conflict_predicates.h"
#include "lancea/table/deletion_file_writer.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

arrow::Status SameRows(const Transaction& ours, uint64_t fragment, const std::string& which) {
  return RetryableConflict("Retryable commit conflict: ", OperationName(ours.operation), " ",
                           ours.uuid, " and a transaction committed meanwhile both change ", which,
                           " of fragment ", fragment);
}

/// The rows of `a` and `b` as ascending ranges with gaps; nothing when a row is in both.
std::optional<std::vector<ValueRange>> DisjointUnion(const std::vector<RowRange>& a,
                                                     const std::vector<ValueRange>& b) {
  std::vector<ValueRange> all(b);
  for (const RowRange& range : a) {
    all.push_back({static_cast<uint32_t>(range.start), static_cast<uint32_t>(range.end - 1)});
  }
  std::ranges::sort(all, {}, &ValueRange::first);
  std::vector<ValueRange> merged;
  for (const ValueRange& range : all) {
    if (merged.empty() || range.first > uint64_t{merged.back().last} + 1) {
      merged.push_back(range);
    } else if (range.first <= merged.back().last) {
      return std::nullopt;
    } else {
      merged.back().last = range.last;
    }
  }
  return merged;
}

arrow::Result<std::shared_ptr<const DeletionVector>> ReadDeletions(
    const FragmentMetadata& fragment, const std::vector<BasePath>& bases,
    const RebaseTarget& target) {
  if (!fragment.deletion_file) return std::make_shared<const DeletionVector>();
  ARROW_ASSIGN_OR_RAISE(FileLocation where,
                        LocateDeletionFile(bases, fragment.id, *fragment.deletion_file));
  const std::string path = where.FullPath(target.root);
  if (where.base == nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto reader, target.store.Open(path));
    return ReadDeletionFile(*reader, fragment);
  }
  ARROW_ASSIGN_OR_RAISE(StoreAndPath resolved, target.resolve_base(where.base->id, path));
  ARROW_ASSIGN_OR_RAISE(auto reader, resolved.store->Open(resolved.path));
  return ReadDeletionFile(*reader, fragment);
}

/// Deletion files of ours that others replaced meanwhile. `updated` and `removed` are ours.
arrow::Status MergeDeletions(const Transaction& ours, const NewerVersions& newer,
                             const RebaseTarget& target, std::vector<FragmentMetadata>* updated,
                             std::vector<uint64_t>* removed) {
  const Manifest& latest = *newer.latest.manifest;
  std::vector<FragmentMetadata> kept;
  kept.reserve(updated->size());
  for (FragmentMetadata& fragment : *updated) {
    const FragmentMetadata* now = latest.FindFragment(fragment.id);
    if (now == nullptr) return SameRows(ours, fragment.id, "rows");
    const FragmentMetadata* read =
        target.read_manifest == nullptr ? nullptr : target.read_manifest->FindFragment(fragment.id);
    if (read != nullptr && read->deletion_file == now->deletion_file) {
      kept.push_back(std::move(fragment));
      continue;
    }
    if (read == nullptr || target.affected_rows == nullptr ||
        !target.affected_rows->contains(fragment.id)) {
      return SameRows(ours, fragment.id, "rows that are not known");
    }
    ARROW_ASSIGN_OR_RAISE(auto deleted, ReadDeletions(*now, latest.base_paths, target));
    auto merged = DisjointUnion(deleted->DeletedRanges(), target.affected_rows->at(fragment.id));
    if (!merged) return SameRows(ours, fragment.id, "the same row");
    if (CountValues(*merged) == now->physical_rows) {
      removed->push_back(fragment.id);
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(fragment.deletion_file,
                          WriteDeletionFile(target.store, target.root, fragment.id, latest.version,
                                            DeletionVector(*merged)));
    kept.push_back(std::move(fragment));
  }
  *updated = std::move(kept);
  return arrow::Status::OK();
}

/// Fragments whose indexed columns an update rewrote in place are not what the index was built on.
void ForgetRewrittenFragments(const operation::Update& update, std::vector<IndexInfo>* indices) {
  std::set<uint64_t> rewritten;
  for (const FragmentMetadata& fragment : update.updated_fragments) rewritten.insert(fragment.id);
  for (IndexInfo& index : *indices) {
    const bool depends = std::ranges::any_of(update.fields_modified, [&](uint32_t field) {
      return std::ranges::count(index.field_ids, static_cast<int32_t>(field)) > 0;
    });
    if (depends)
      std::erase_if(index.fragment_ids, [&](uint32_t id) { return rewritten.contains(id); });
  }
}

/// The MemWAL details with the higher generation of each shard.
arrow::Status AddCompacted(const std::vector<std::string>& compacted, IndexInfo* mem_wal) {
  lance::table::MemWalIndexDetails details;
  if (!details.ParseFromString(mem_wal->details.value_or(""))) {
    return Corrupt("the details of the MemWAL index do not parse");
  }
  ARROW_ASSIGN_OR_RAISE(auto generations, GenerationsByShard(compacted));
  for (auto& sstable : *details.mutable_compacted_sstables()) {
    auto newer = generations.find(sstable.shard_id().uuid());
    if (newer == generations.end()) continue;
    sstable.set_generation(std::max(sstable.generation(), newer->second));
    generations.erase(newer);
  }
  for (const auto& [shard, generation] : generations) {
    auto* sstable = details.add_compacted_sstables();
    sstable->mutable_shard_id()->set_uuid(shard);
    sstable->set_generation(generation);
  }
  mem_wal->details = details.SerializeAsString();
  return arrow::Status::OK();
}

arrow::Status RebaseIndices(const NewerVersions& newer, operation::CreateIndex* ours) {
  std::vector<std::string> compacted;
  for (const CommittedTransaction& committed : newer.transactions) {
    const Operation& operation = committed.transaction.operation;
    if (const auto* update = std::get_if<operation::Update>(&operation)) {
      ForgetRewrittenFragments(*update, &ours->new_indices);
    } else if (const auto* state = std::get_if<operation::UpdateMemWalState>(&operation)) {
      compacted.insert(compacted.end(), state->compacted_sstables.begin(),
                       state->compacted_sstables.end());
    }
  }
  for (IndexInfo& created : ours->new_indices) {
    if (!IsSystemIndex(created)) continue;
    if (created.name == kMemWalIndexName && !compacted.empty()) {
      ARROW_RETURN_NOT_OK(AddCompacted(compacted, &created));
    }
    for (const IndexInfo& existing : *newer.latest.indices) {
      if (existing.name == created.name &&
          std::ranges::count(ours->removed_indices, existing.uuid, &IndexInfo::uuid) == 0) {
        ours->removed_indices.push_back(existing);
      }
    }
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<Transaction> Rebase(Transaction ours, const NewerVersions& newer,
                                  const RebaseTarget& target) {
  Transaction rebased = ours;
  if (auto* deletes = std::get_if<operation::Delete>(&rebased.operation)) {
    ARROW_RETURN_NOT_OK(MergeDeletions(ours, newer, target, &deletes->updated_fragments,
                                       &deletes->deleted_fragment_ids));
    rebased.read_version = newer.latest.manifest->version;
  } else if (auto* update = std::get_if<operation::Update>(&rebased.operation)) {
    ARROW_RETURN_NOT_OK(MergeDeletions(ours, newer, target, &update->updated_fragments,
                                       &update->removed_fragment_ids));
    rebased.read_version = newer.latest.manifest->version;
  } else if (auto* create = std::get_if<operation::CreateIndex>(&rebased.operation)) {
    ARROW_RETURN_NOT_OK(RebaseIndices(newer, create));
  }
  return rebased;
}

}  // namespace lancea
