// Runs independent pieces of work on the calling thread and on a host's executor.
#pragma once

#include <cstddef>
#include <functional>

#include "arrow/status.h"
#include "arrow/util/cancel.h"
#include "arrow/util/type_fwd.h"

namespace lancea {

/// Call work(0) .. work(count - 1), each once, and return when all have ended. After an error or a stop
/// request the rest is skipped. The calling thread works too, so that the call ends even when the
/// executor never gets to run anything.
/// \param executor  nullptr: the calling thread alone
arrow::Status ParallelFor(arrow::internal::Executor* executor, size_t count,
                          const arrow::StopToken& stop,
                          const std::function<arrow::Status(size_t)>& work);

}  // namespace lancea
