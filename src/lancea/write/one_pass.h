// A table for work that reads all of it once: compaction, reading back what it wrote, verifying.
//
// Read through the session of the caller, every file would stay open in its cache in place of what
// queries need, and every mapped page would count as memory until it is closed. So such work has a session
// of its own with a small cache, and local files that give back the pages they have read.
// The scan of an update or delete shares the session, since another may follow, and gives back pages too.
#pragma once

#include <memory>

#include "arrow/result.h"
#include "lancea/table/commit.h"
#include "lancea/write/write_context.h"

namespace lancea {

/// The same place, to be read once.
WriteContext ForOnePass(WriteContext context);

/// A version of the table that `one_pass` shows. What is read counts for the table that is open there.
arrow::Result<std::shared_ptr<const Dataset>> OpenForOnePass(const WriteContext& one_pass,
                                                             TableVersion version);

/// The version that `context` shows, to be scanned once. What is read counts for the table there.
arrow::Result<std::shared_ptr<const Dataset>> ForOneScan(const WriteContext& context);

}  // namespace lancea
