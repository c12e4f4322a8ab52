#include "lancea/table/mem_wal_state.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "lancea/proto/table.pb.h"
#include "lancea/table/index_metadata.h"
#include "lancea/table/transaction.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"
#include "lancea/util/serialize_message.h"
#include "lancea/util/uuid.h"

namespace lancea {
namespace {

using Details = lance::table::MemWalIndexDetails;

arrow::Result<Details> ParseDetails(const IndexInfo& index) {
  Details details;
  if (!ParseMessageIn(index.details.value_or(""), &details)) {
    return Corrupt("the details of ", kMemWalIndexName, " do not parse");
  }
  return details;
}

/// The entry is a new one whenever its details are.
arrow::Status Replace(const Details& details, uint64_t version, IndexInfo* index) {
  ARROW_ASSIGN_OR_RAISE(index->details, SerializeMessage(details));
  index->uuid = Uuid::Random().ToString();
  index->dataset_version = version;
  return arrow::Status::OK();
}

/// What of the entries of each index decides the rows it covers.
std::map<std::string, std::set<std::pair<std::string, std::vector<uint32_t>>>> Coverage(
    const std::vector<IndexInfo>& indices) {
  std::map<std::string, std::set<std::pair<std::string, std::vector<uint32_t>>>> coverage;
  for (const IndexInfo& index : indices) {
    if (!IsSystemIndex(index)) coverage[index.name].emplace(index.uuid, index.fragment_ids);
  }
  return coverage;
}

}  // namespace

arrow::Status RecordCompactions(const std::vector<std::string>& compacted_sstables,
                                uint64_t version, std::vector<IndexInfo>* indices) {
  if (compacted_sstables.empty()) return arrow::Status::OK();
  auto index = std::ranges::find(*indices, kMemWalIndexName, &IndexInfo::name);
  if (index == indices->end()) {
    return InvalidInput("the table has no ", kMemWalIndexName, " to record a compaction in");
  }
  ARROW_ASSIGN_OR_RAISE(Details details, ParseDetails(*index));
  std::set<std::string> shards;
  for (const std::string& message : compacted_sstables) {
    lance::table::CompactedSsTable compacted;
    if (!ParseMessageIn(message, &compacted)) return InvalidInput("a compaction does not parse");
    const std::string& shard = compacted.shard_id().uuid();
    if (!shards.insert(shard).second) {
      return InvalidInput("shard ", FormatUuid(shard), " is compacted twice");
    }
    auto* recorded = details.mutable_compacted_sstables();
    auto known = std::ranges::find_if(
        *recorded, [&](const auto& sstable) { return sstable.shard_id().uuid() == shard; });
    if (known == recorded->end()) {
      *recorded->Add() = compacted;
    } else if (compacted.generation() <= known->generation()) {
      return InvalidInput("shard ", FormatUuid(shard), ": generation ", compacted.generation(),
                          " is not newer than ", known->generation());
    } else {
      known->set_generation(compacted.generation());
    }
  }
  return Replace(details, version, &*index);
}

arrow::Status ForgetCatchup(const std::vector<IndexInfo>& before, uint64_t version,
                            std::vector<IndexInfo>* indices) {
  auto index = std::ranges::find(*indices, kMemWalIndexName, &IndexInfo::name);
  if (index == indices->end()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(Details details, ParseDetails(*index));
  if (details.index_catchup().empty()) return arrow::Status::OK();
  const auto old_coverage = Coverage(before);
  const auto new_coverage = Coverage(*indices);
  Details kept = details;
  kept.clear_index_catchup();
  for (const auto& catchup : details.index_catchup()) {
    auto old_entry = old_coverage.find(catchup.index_name());
    auto new_entry = new_coverage.find(catchup.index_name());
    if (old_entry != old_coverage.end() && new_entry != new_coverage.end() &&
        old_entry->second == new_entry->second) {
      *kept.add_index_catchup() = catchup;
    }
  }
  if (kept.index_catchup_size() == details.index_catchup_size()) return arrow::Status::OK();
  return Replace(kept, version, &*index);
}

}  // namespace lancea
