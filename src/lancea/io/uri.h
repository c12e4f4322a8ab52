// From a URI to the store and path it names.
#pragma once

#include <map>
#include <string>

#include "lancea/object_store.h"

namespace lancea {

/// A plain path (absolute or relative) or file:// is local; memory:// lives in this process; every other
/// scheme is asked of arrow::fs.
/// \return InvalidInput for an empty URI or a scheme no file system answers to
arrow::Result<StoreAndPath> ResolveUri(const std::string& uri,
                                       const std::map<std::string, std::string>& storage_options);

}  // namespace lancea
