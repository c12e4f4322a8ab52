// An object on this machine being written: small writes gathered, large ones passed on where they lie.
#pragma once

#include <memory>
#include <string>

#include "lancea/object_store.h"

namespace lancea {

/// Begin the file `path`, replaced at Finish by one rename. Needs at most 1 MiB however much is written.
arrow::Result<std::unique_ptr<ObjectWriter>> CreateLocalFile(const std::string& path);

}  // namespace lancea
