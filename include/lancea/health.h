// The health of a table: what maintenance would gain, found from metadata alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/compaction.h"
#include "lancea/export.h"

namespace lancea {

class Dataset;

/// One logical index.
struct LANCEA_EXPORT IndexHealth {
  std::string name;
  uint64_t num_parts = 0;  ///< entries that are searched one after the other
  uint64_t unindexed_fragments = 0;
  uint64_t unindexed_rows = 0;  ///< searched without the index
};

struct LANCEA_EXPORT MaintenanceStep {
  std::string name;  ///< "compact", "cleanup", "remove orphans", "optimize index {name}"
  std::string gain;  ///< in words
  bool is_due = false;
};

struct LANCEA_EXPORT TableHealth {
  uint64_t version = 0;
  uint64_t num_rows = 0;  ///< not counting deleted ones
  uint64_t num_deleted_rows = 0;
  double deleted_share = 0;  ///< of the rows stored, 0 to 1
  uint64_t num_fragments = 0;
  uint64_t num_small_fragments = 0;  ///< with less rows than compaction aims at
  uint64_t num_data_files = 0;
  uint64_t data_bytes = 0;  ///< of this version's data files, where their size is recorded

  uint64_t compaction_tasks = 0;
  uint64_t compaction_fragments = 0;        ///< that would be rewritten
  uint64_t compaction_fragments_after = 0;  ///< that would take their place
  uint64_t compaction_bytes = 0;            ///< that would be read
  uint64_t compaction_deleted_rows = 0;     ///< that would leave the files
  std::string compaction_obstacle;          ///< why it cannot be compacted; empty: it can

  uint64_t num_versions = 0;
  uint64_t old_versions = 0;      ///< all but the latest, tagged and branched ones
  uint64_t old_bytes = 0;         ///< that only those need
  uint64_t expired_versions = 0;  ///< of them older than HealthOptions::older_than_seconds
  uint64_t expired_bytes = 0;
  uint64_t orphan_files = 0;  ///< that no version refers to, of any age
  uint64_t orphan_bytes = 0;
  uint64_t removable_orphan_files =
      0;  ///< of them older than seven days: no write still needs them

  std::vector<IndexHealth> indices;
  std::vector<MaintenanceStep> steps;  ///< in the order to take them
};

struct LANCEA_EXPORT HealthOptions {
  CompactionOptions compaction;
  uint64_t older_than_seconds = uint64_t{14} * 86400;
};

/// Reads manifests and lists directories; no data.
LANCEA_EXPORT arrow::Result<TableHealth> CheckHealth(const Dataset& dataset,
                                                     const HealthOptions& options = {});

/// Whether this version's manifest lacks what manifests of today say: its writer, row counts of fragments,
/// what indices cover. Reads the manifest again.
LANCEA_EXPORT arrow::Result<bool> ManifestNeedsMigration(const Dataset& dataset);

}  // namespace lancea
