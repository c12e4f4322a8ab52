// Verifying a table with progress; Dataset::Verify is the same without.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "arrow/result.h"
#include "arrow/util/cancel.h"
#include "lancea/dataset.h"
#include "lancea/export.h"

namespace lancea {

struct LANCEA_EXPORT VerifyProgress {
  uint64_t files = 0, total_files = 0;  ///< data files
  uint64_t bytes = 0,
           total_bytes = 0;  ///< of them, where their size is recorded; also of those begun
};

struct LANCEA_EXPORT VerifyRun {
  /// Called after some MiB and after every data file, by one thread at a time; may be empty.
  std::function<void(const VerifyProgress&)> progress;
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

/// Read everything a version refers to: every file, page and count.
/// \return what is wrong, empty when sound
LANCEA_EXPORT arrow::Result<std::vector<Defect>> VerifyTable(const Dataset& dataset,
                                                             const VerifyRun& run = {});

}  // namespace lancea
