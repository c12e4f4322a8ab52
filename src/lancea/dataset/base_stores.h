// The stores of a table's base paths: each may have storage options of its own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/fragment.h"
#include "lancea/object_store.h"
#include "lancea/session.h"

namespace lancea {

/// Store and path of something under a base path.
/// \param options    of the table; those for the base alone apply
/// \param full_path  path or URI, below that of the base
arrow::Result<StoreAndPath> ResolveUnderBase(const Session& session,
                                             const std::map<std::string, std::string>& options,
                                             const BasePath& base, const std::string& full_path);

/// The same for one of `bases`; where there is none of this id, as for blobs that lie anywhere, the path
/// stands for itself.
arrow::Result<StoreAndPath> ResolveUnderBase(const Session& session,
                                             const std::map<std::string, std::string>& options,
                                             const std::vector<BasePath>& bases, uint32_t base_id,
                                             const std::string& full_path);

}  // namespace lancea
