// What two operations have in common, as far as it takes more than a look: the questions that the
// rules of conflict_rules.cc ask.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/table/index_metadata.h"
#include "lancea/transaction.h"

namespace lancea {

/// False only if no key can be in both: the same key fields, and exact sets that do not meet or
/// Bloom filters of one shape without a common bit.
bool MayShareKeys(const operation::KeyExistenceFilter& a, const operation::KeyExistenceFilter& b);

/// A key of the table's configuration that one side sets and the other sets or removes, "*" when one
/// replaces all; "" if there is none. Of Overwrite and UpdateConfig; others have no keys.
std::string CollidingConfigKey(const Operation& a, const Operation& b);

/// What metadata of the table, schema or a field both update; "" if there is none.
std::string CollidingMetadata(const operation::UpdateConfig& a, const operation::UpdateConfig& b);

/// True if metadata of the schema or its fields change.
bool UpdatesSchemaMetadata(const operation::UpdateConfig& config);

/// True if an index of that name is among the new ones.
bool CreatesIndex(const operation::CreateIndex& operation, const char* name);

/// The name of an index that both change: create under one name, replace or drop the same entry, or
/// one drops what the other extends; "" if there is none. Two that only drop do not collide.
std::string CollidingIndexName(const operation::CreateIndex& ours,
                               const operation::CreateIndex& theirs);

/// Highest generation of each MemWAL shard, given serialized CompactedSsTable messages.
/// \return Corrupt when one does not parse
arrow::Result<std::map<std::string, uint64_t>> GenerationsByShard(
    const std::vector<std::string>& sstables);

/// The serialized CompactedSsTable messages in the details of a MemWAL index.
/// \return Corrupt when the details do not parse
arrow::Result<std::vector<std::string>> CompactedSsTablesOf(const IndexInfo& mem_wal);

}  // namespace lancea
