// Statuses as Python exceptions: the one table that says which.
//
//   invalid input, not found        ValueError     (as pylance)
//   row out of range                IndexError
//   unsupported feature             NotImplementedError
//   corrupt data, I/O               OSError
//   out of memory                   MemoryError
//   another writer was first        lancea.commit.CommitConflictError (an OSError)
//
// Of calls that change a table, instead:
//
//   invalid input, not found,
//   already there, Arrow's "invalid"  lancea.errors.RefusedError (an OSError and a ValueError)
#pragma once

#include <nanobind/nanobind.h>

#include <utility>

#include "arrow/result.h"
#include "arrow/status.h"

namespace lancea::python {

/// Throw the exception that belongs to a failed status. Needs the GIL.
void Check(const arrow::Status& status);

/// The same for calls that change a table.
void CheckChange(const arrow::Status& status);

/// The value, or the exception.
template <typename T>
T Unwrap(arrow::Result<T> result) {
  Check(result.status());
  return std::move(result).ValueUnsafe();
}

/// Run `work` without the GIL. While the main thread is in it, Ctrl-C stops what was given the token and
/// KeyboardInterrupt is raised.
/// \param work  takes an arrow::StopToken, returns arrow::Result
template <typename Work>
auto RunInterruptibly(Work work);

/// Run `work` without the GIL; for what is over in microseconds.
template <typename Work>
auto RunReleased(Work work) {
  auto result = [&] {
    nanobind::gil_scoped_release release;
    return work();
  }();
  return Unwrap(std::move(result));
}

}  // namespace lancea::python

#include "interrupt.h"
