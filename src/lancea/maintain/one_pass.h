// A table for work that reads all of it once: compaction, and reading back what it wrote.
//
// Read through the session of the caller, every file would stay open in its cache in place of what
// queries need, and every mapped page would count as memory until it is closed. So such work has a session
// of its own with a small cache, and local files that give back the pages they have read.
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

}  // namespace lancea
