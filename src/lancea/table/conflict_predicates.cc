#include "lancea/table/conflict_predicates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_set>
#include <utility>

#include "lancea/proto/table.pb.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea {
namespace {

using operation::CreateIndex;
using operation::KeyExistenceFilter;
using operation::UpdateConfig;

/// Keys set and removed in the table's configuration.
struct ConfigKeys {
  std::set<std::string> set;
  std::set<std::string> removed;
  bool all = false;  ///< keys that are not named go too
};

ConfigKeys ConfigKeysOf(const Operation& operation) {
  ConfigKeys keys;
  if (const auto* overwrite = std::get_if<operation::Overwrite>(&operation)) {
    for (const auto& [key, value] : overwrite->config_upsert_values) keys.set.insert(key);
  } else if (const auto* update = std::get_if<UpdateConfig>(&operation); update && update->config) {
    for (const auto& [key, value] : update->config->entries) {
      (value ? keys.set : keys.removed).insert(key);
    }
    keys.all = update->config->replace;
  }
  return keys;
}

bool IsEmpty(const MapUpdate& update) { return update.entries.empty() && !update.replace; }

bool Collide(const MapUpdate& a, const MapUpdate& b) {
  if (IsEmpty(a) || IsEmpty(b)) return false;
  if (a.replace || b.replace) return true;
  return std::ranges::any_of(a.entries,
                             [&](const auto& entry) { return b.entries.contains(entry.first); });
}

bool HasName(const std::vector<IndexInfo>& indices, const std::string& name) {
  return std::ranges::count(indices, name, &IndexInfo::name) > 0;
}

/// The name of an index that `extender` adds entries to and `dropper` removes entries of.
std::string DroppedWhileExtended(const CreateIndex& extender, const CreateIndex& dropper) {
  for (const IndexInfo& created : extender.new_indices) {
    if (!HasName(extender.removed_indices, created.name) &&
        HasName(dropper.removed_indices, created.name)) {
      return created.name;
    }
  }
  return "";
}

}  // namespace

bool MayShareKeys(const KeyExistenceFilter& a, const KeyExistenceFilter& b) {
  if (a.field_ids != b.field_ids || a.data.index() != b.data.index()) return true;
  if (const auto* hashes = std::get_if<std::vector<uint64_t>>(&a.data)) {
    std::unordered_set<uint64_t> known(hashes->begin(), hashes->end());
    return std::ranges::any_of(std::get<std::vector<uint64_t>>(b.data),
                               [&](uint64_t hash) { return known.contains(hash); });
  }
  const auto& left = std::get<KeyExistenceFilter::Bloom>(a.data);
  const auto& right = std::get<KeyExistenceFilter::Bloom>(b.data);
  if (left.number_of_items != right.number_of_items ||
      std::abs(left.probability - right.probability) > std::numeric_limits<double>::epsilon() ||
      left.bitmap.size() != right.bitmap.size()) {
    return true;
  }
  for (size_t i = 0; i < left.bitmap.size(); ++i) {
    if ((left.bitmap[i] & right.bitmap[i]) != 0) return true;
  }
  return false;
}

std::string CollidingConfigKey(const Operation& a, const Operation& b) {
  ConfigKeys left = ConfigKeysOf(a);
  ConfigKeys right = ConfigKeysOf(b);
  auto touches = [](const ConfigKeys& keys) {
    return keys.all || !keys.set.empty() || !keys.removed.empty();
  };
  if ((left.all && touches(right)) || (right.all && touches(left))) return "*";
  for (const std::string& key : left.set) {
    if (right.set.contains(key) || right.removed.contains(key)) return key;
  }
  for (const std::string& key : right.set) {
    if (left.removed.contains(key)) return key;
  }
  return "";
}

std::string CollidingMetadata(const UpdateConfig& a, const UpdateConfig& b) {
  if (a.table_metadata && b.table_metadata && Collide(*a.table_metadata, *b.table_metadata)) {
    return "the table's metadata";
  }
  if (a.schema_metadata && b.schema_metadata) return "the schema's metadata";
  for (const auto& [field, update] : a.field_metadata) {
    if (b.field_metadata.contains(field)) return "metadata of field " + std::to_string(field);
  }
  return "";
}

bool UpdatesSchemaMetadata(const UpdateConfig& config) {
  if (config.schema_metadata && !IsEmpty(*config.schema_metadata)) return true;
  return std::ranges::any_of(config.field_metadata,
                             [](const auto& entry) { return !IsEmpty(entry.second); });
}

bool CreatesIndex(const CreateIndex& operation, const char* name) {
  return HasName(operation.new_indices, name);
}

std::string CollidingIndexName(const CreateIndex& ours, const CreateIndex& theirs) {
  for (const IndexInfo& created : ours.new_indices) {
    if (HasName(theirs.new_indices, created.name)) return created.name;
  }
  std::string dropped = DroppedWhileExtended(ours, theirs);
  if (dropped.empty()) dropped = DroppedWhileExtended(theirs, ours);
  if (!dropped.empty()) return dropped;
  for (const IndexInfo& removed : ours.removed_indices) {
    // Replacing an entry relies on that very entry; dropping it twice is dropping it.
    if (std::ranges::count(theirs.removed_indices, removed.uuid, &IndexInfo::uuid) > 0 &&
        (HasName(ours.new_indices, removed.name) || HasName(theirs.new_indices, removed.name))) {
      return removed.name;
    }
  }
  return "";
}

arrow::Result<std::map<std::string, uint64_t>> GenerationsByShard(
    const std::vector<std::string>& sstables) {
  std::map<std::string, uint64_t> generations;
  for (const std::string& bytes : sstables) {
    lance::table::CompactedSsTable proto;
    if (!proto.ParseFromString(bytes)) return Corrupt("a compacted SSTable does not parse");
    uint64_t& generation = generations[proto.shard_id().uuid()];
    generation = std::max(generation, proto.generation());
  }
  return generations;
}

arrow::Result<std::vector<std::string>> CompactedSsTablesOf(const IndexInfo& mem_wal) {
  lance::table::MemWalIndexDetails details;
  if (!details.ParseFromString(mem_wal.details.value_or(""))) {
    return Corrupt("the details of the MemWAL index do not parse");
  }
  std::vector<std::string> sstables;
  sstables.reserve(details.compacted_sstables_size());
  for (const auto& sstable : details.compacted_sstables()) {
    sstables.push_back(sstable.SerializeAsString());
  }
  return sstables;
}

}  // namespace lancea
