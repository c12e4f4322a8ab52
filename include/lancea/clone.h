// Copies of whole tables.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "arrow/result.h"
#include "arrow/util/cancel.h"
#include "lancea/export.h"

namespace lancea {

class Dataset;

/// A new table with the contents of the version that is open and files of its own: data with blobs,
/// deletions and indices are copied, wherever they lie, and the version keeps its number. What blobs refer
/// to by URI stays where it is. A copy that fails removes what it copied. (Dataset::ShallowClone copies no
/// data.)
/// \return AlreadyExists when there is a table at `target_uri`
LANCEA_EXPORT arrow::Result<std::shared_ptr<Dataset>> DeepClone(
    const Dataset& dataset, const std::string& target_uri,
    const std::map<std::string, std::string>& storage_options = {},
    const arrow::StopToken& stop = arrow::StopToken::Unstoppable());

/// Rename the manifests of a table that was made before names sorted newest first (V1): with V2 names the
/// latest version is found at once on object stores. Nobody else may use the table meanwhile. What was
/// interrupted is completed by calling it again; on a table that has V2 names it does nothing.
/// \return NotFound when there is no table
LANCEA_EXPORT arrow::Status MigrateManifestPaths(
    const std::string& uri, const std::map<std::string, std::string>& storage_options = {});

}  // namespace lancea
