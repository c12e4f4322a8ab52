// Cleaning up one branch of a table, whatever becomes of the others.
#pragma once

#include <set>
#include <string>

#include "arrow/result.h"
#include "lancea/cleanup.h"

namespace lancea {

/// \param gone_manifests  full paths of manifests of other branches to be taken for removed
arrow::Result<CleanupResult> CleanUpOneBranch(const Dataset& dataset, const CleanupOptions& options,
                                              const std::set<std::string>& gone_manifests);

}  // namespace lancea
