// The version history of a table, read from the manifests without building them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/dataset.h"
#include "lancea/object_store.h"
#include "lancea/table/manifest_path.h"

namespace lancea {

/// Version, commit time and the totals pylance shows as metadata.
arrow::Result<VersionInfo> ReadVersionInfo(ObjectStore& store, const ManifestLocation& location);

/// Every version of the table at `root`, oldest first. A version removed meanwhile is left out.
arrow::Result<std::vector<VersionInfo>> ReadVersions(ObjectStore& store, const std::string& root);

/// The newest version whose commit time, cut to whole microseconds, is before `micros`. Strictly
/// before: pylance 14.0.2 compares so, though its documentation says "on or earlier".
/// \param micros  µs since the epoch UTC
/// \return NotFound when the first version is not before `micros`
arrow::Result<ManifestLocation> FindManifestAsOf(ObjectStore& store, const std::string& root,
                                                 int64_t micros);

}  // namespace lancea
