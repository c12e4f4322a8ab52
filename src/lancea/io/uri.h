// From a URI to the store and path it names.
#pragma once

#include <map>
#include <string>

#include "lancea/object_store.h"

namespace lancea {

/// A plain path (absolute, relative, or from ~) and file:// are local; memory:// lives in this process; s3, gs,
/// az and abfss are the clouds; any other scheme is asked of arrow::fs. Schemes are case-insensitive, paths
/// of URIs are percent-decoded, plain paths are taken as they are.
/// \param storage_options  keys as pylance takes them, see storage_options.h; unknown ones are ignored
/// \return InvalidInput for an empty path, a scheme no file system answers to, or LANCE_* variables that
///   make no sense
arrow::Result<StoreAndPath> ResolveUri(const std::string& uri,
                                       const std::map<std::string, std::string>& storage_options);

}  // namespace lancea
