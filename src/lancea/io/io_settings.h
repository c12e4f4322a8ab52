// How this process reads: the environment's say, and the threads that wait for storage.
//
//   LANCE_IO_THREADS      reads in flight at once; 0 counts as 1
//   LANCE_MAX_IOP_SIZE    bytes of the largest single read, default 16 MiB
//
// Both are read once, at the first use. A host's own executor (Host::io_executor) wins over all of it.
//
// Threads: all pools are arrow::internal::ThreadPools. They start a thread only when a read is handed to
// them, so that a process that reads mapped files never has one. They survive fork(): Arrow registers
// at-fork handlers that give the child an empty pool of the same capacity, which starts threads of its
// own at the child's first read. Nothing else here holds a thread or a lock across calls.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "arrow/result.h"
#include "arrow/util/type_fwd.h"

namespace lancea {

struct IoSettings {
  std::optional<int> io_threads;               ///< empty: the default of each kind of store
  uint64_t max_iop_size = uint64_t{16} << 20;  ///< bytes, never 0
  bool operator==(const IoSettings&) const = default;
};

/// Settings by the variables `lookup` returns (nullptr: not set).
/// \return InvalidInput naming the variable and its text when that is no number
arrow::Result<IoSettings> ParseIoSettings(const std::function<const char*(const char*)>& lookup);

/// The settings of this process. ResolveUri reports an error once, before anything is read.
const arrow::Result<IoSettings>& EnvironmentIoSettings();

/// The same, with the defaults where the environment makes no sense.
const IoSettings& ProcessIoSettings();

/// Where reads of a store wait: LANCE_IO_THREADS threads of our own if set, else Arrow's I/O pool (8
/// threads unless the host says otherwise) for local files and 64 threads of our own for remote stores,
/// whose latency is hidden only by many requests at once.
arrow::internal::Executor* DefaultIoExecutor(bool is_local);

}  // namespace lancea
