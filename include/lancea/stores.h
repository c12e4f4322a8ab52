// Finding the store that a URI names, and stores of one's own.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "arrow/result.h"
#include "arrow/status.h"
#include "lancea/export.h"
#include "lancea/object_store.h"

namespace lancea {

/// The store and the path inside it that a URI or plain path names; nothing need be there yet.
/// \param storage_options  keys as pylance takes them (region, endpoint, access_key_id ...)
/// \return InvalidInput for an empty path and for schemes that no store answers to
LANCEA_EXPORT arrow::Result<StoreAndPath> OpenStore(
    const std::string& uri, const std::map<std::string, std::string>& storage_options = {});

/// An empty store in memory, which ends with its last owner; as Host::object_store it holds all tables of
/// a session.
LANCEA_EXPORT std::shared_ptr<ObjectStore> MakeMemoryStore();

/// Copy one object, piece by piece.
/// \return NotFound when there is none
LANCEA_EXPORT arrow::Status CopyObject(const StoreAndPath& from, const StoreAndPath& to);

}  // namespace lancea
