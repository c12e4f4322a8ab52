// Cleaning up without being asked: after a commit, where the table's config says so.
//
//   lance.auto_cleanup.interval           every so many versions, 0 after each; without it never
//   lance.auto_cleanup.older_than         "14days 2h": versions younger than this stay
//   lance.auto_cleanup.retain_versions    so many of the newest stay
//   lance.auto_cleanup.delete_rate_limit  files removed in a second at most
//   lance.auto_cleanup.delete_concurrency files removed at once
//   lance.auto_cleanup.referenced_branch  true: branches that began at this one are cleaned up first
//
// Tagged versions and the one before the commit are kept. Source: table-format notes, section 9; pylance 14.0.2.
#pragma once

#include <cstdint>
#include <optional>

#include "arrow/result.h"
#include "lancea/cleanup.h"
#include "lancea/table/manifest.h"

namespace lancea {

/// What the commit of `manifest` should clean up; nothing when it is not due.
/// \return InvalidInput naming the key whose value makes no sense
arrow::Result<std::optional<CleanupOptions>> AutoCleanupOf(const Manifest& manifest,
                                                           int64_t now_nanos);

/// Clean up if it is due. A failure is no failure of the commit: the next one tries again.
void CleanUpAfterCommit(const Dataset& dataset);

}  // namespace lancea
