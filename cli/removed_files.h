// Cleaning up at the terminal: a bar while it works, and what was removed as text.
#pragma once

#include <vector>

#include "lancea/cleanup.h"

namespace lancea::cli {

/// One line for each file.
void PrintFiles(const std::vector<RemovedFile>& files);

/// Clean up until interrupted, with a progress bar unless it is to be quiet.
arrow::Result<CleanupResult> CleanUpWatched(const Dataset& dataset, CleanupOptions options,
                                            bool quiet);

/// "removed 3 versions, 12 files, 4.5 MB", or what would be.
void PrintTotals(const CleanupResult& result, bool is_dry_run);

}  // namespace lancea::cli
