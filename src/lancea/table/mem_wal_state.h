// The __lance_mem_wal index entry: how far each shard of the write-ahead log has been copied in.
//
// Its details name, per shard, the newest generation whose rows the table has, and per index the
// generation it covers. A commit that records a compaction raises the former. Which generation an
// index covers is kept while its entries stay as they were and forgotten otherwise: a missing entry
// reads as "not caught up", which keeps the log's files and is always safe.
// Source: table.proto MemWalIndexDetails; pylance 14.0.2.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrow/status.h"
#include "lancea/index_info.h"

namespace lancea {

/// Record compactions, serialized CompactedSsTable messages.
/// \return InvalidInput when there is no such entry, a shard is named twice or a generation is not
///   newer
arrow::Status RecordCompactions(const std::vector<std::string>& compacted_sstables,
                                uint64_t version, std::vector<IndexInfo>* indices);

/// Forget how far indices that changed since `before` had caught up.
arrow::Status ForgetCatchup(const std::vector<IndexInfo>& before, uint64_t version,
                            std::vector<IndexInfo>* indices);

}  // namespace lancea
