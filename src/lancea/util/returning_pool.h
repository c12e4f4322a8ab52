// A memory pool that gives large blocks back to the system the moment they are freed.
//
// Allocators keep what is freed for a while, to have it at hand; with many large blocks coming and going on
// several threads a process holds twice what it uses. Where a limit on memory is low that matters more than
// the page faults it saves, so there blocks are mapped and unmapped one by one; small ones, and those of
// unusual alignment, are the default pool's.
//
// A block is known by its size, which Free is told: from kLeastMappedBytes on it is mapped.
#pragma once

#include <cstdint>

#include "arrow/memory_pool.h"

namespace lancea {

/// Limits on memory below this are kept with the returning pool.
constexpr uint64_t kReturningPoolLimit = uint64_t{512} << 20;

/// Lives as long as the process: results may outlive every session.
arrow::MemoryPool* ReturningPool();

}  // namespace lancea
