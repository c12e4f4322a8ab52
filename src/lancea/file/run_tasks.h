// Drives ReadTasks of one file to their end: one vectored read per step for all of them.
#pragma once

#include <memory>
#include <span>

#include "lancea/encoding/read_task.h"
#include "lancea/io/read_ranges.h"

namespace lancea {

/// Supply every task until none needs more bytes; Finish is left to the caller, who may run it on other
/// threads.
arrow::Status RunTasks(ObjectReader& object, std::span<const std::unique_ptr<ReadTask>> tasks,
                       const ReadOptions& options);

}  // namespace lancea
