// Maintenance without being asked: compaction, then cleanup, when they are worth it.
//
// Steps are independent: one that fails is reported and does not keep the next from running. Each works on
// the latest version and commits as any writer does, so other processes may write meanwhile.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/util/cancel.h"
#include "lancea/cleanup.h"
#include "lancea/compaction.h"
#include "lancea/export.h"

namespace lancea {

class Dataset;

struct LANCEA_EXPORT MaintenanceOptions {
  bool compact = true;
  /// Default: as the table's config says ("lance.compaction.*").
  std::optional<CompactionOptions> compaction;
  /// Join no fewer fragments than this, or every small append would rewrite its neighbours. Fragments with
  /// many deleted rows are rewritten however few they are.
  uint64_t min_fragments = 8;

  bool clean_up = true;
  /// Remove versions older than this, and orphans older than seven days; tagged versions stay.
  uint64_t older_than_seconds = uint64_t{14} * 86400;
  std::optional<uint64_t> retain_versions;  ///< keep so many of the newest

  bool dry_run = false;  ///< only say what is due
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

/// What became of one step.
struct LANCEA_EXPORT MaintenanceOutcome {
  std::string step;      ///< "compact", "cleanup"
  bool was_due = false;  ///< there was something to do
  std::string error;     ///< why it failed; empty: it did not
  uint64_t fragments_removed = 0, fragments_added = 0;
  uint64_t versions_removed = 0, files_removed = 0, bytes_removed = 0;
};

struct LANCEA_EXPORT MaintenanceReport {
  uint64_t version = 0;  ///< the latest one afterwards
  std::vector<MaintenanceOutcome> outcomes;
};

/// One round of maintenance, on the latest version of the table.
/// \return an error only when the table cannot be opened or the work is stopped; errors of steps are
///   in the report
LANCEA_EXPORT arrow::Result<MaintenanceReport> Maintain(const Dataset& dataset,
                                                        const MaintenanceOptions& options = {});

/// A thread that maintains a table round after round until this goes. Thread-safe.
class LANCEA_EXPORT BackgroundMaintenance {
 public:
  /// \param report  called by the thread after each round in which something was due; may be empty
  BackgroundMaintenance(std::shared_ptr<const Dataset> dataset, MaintenanceOptions options,
                        std::chrono::milliseconds interval,
                        std::function<void(const arrow::Result<MaintenanceReport>&)> report = {});
  /// Stops what is under way, which leaves no files behind, and waits for it.
  ~BackgroundMaintenance();

  uint64_t num_rounds() const;
  uint64_t num_failures() const;  ///< steps that failed, and rounds that could not begin
  std::string last_error() const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace lancea
