// Stores of the clouds by URI: s3://bucket, gs://bucket, az://container, abfss://container@account.host,
// and every scheme the host has registered with arrow::fs.
//
// Nothing of a cloud's client is loaded or started before the first such URI is opened. Stores in use are
// shared: the same authority with the same options gives the same store, and with it its connections.
#pragma once

#include <map>
#include <string>

#include "lancea/object_store.h"

namespace lancea {

/// \param scheme  in lower case
/// \param rest  what follows "scheme://"
/// \return InvalidInput when no file system answers to the scheme, or an option makes no sense for it;
///   Unsupported for what Arrow's client cannot do
arrow::Result<StoreAndPath> OpenCloudStore(
    const std::string& scheme, const std::string& rest,
    const std::map<std::string, std::string>& storage_options);

/// The schemes Lancea documents, for messages: "file, memory, s3 ...".
extern const char* const kKnownSchemes;

}  // namespace lancea
