// Python exceptions raised in the middle of C++ work: by an iterator that gives rows, a progress hook, a
// commit lock.
//
// C++ sees a failed Status and gives up; when it has returned, the exception itself is raised again, with
// its type and traceback, whatever became of the Status on the way.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <optional>
#include <string>

#include "arrow/status.h"
#include "interrupt.h"

namespace lancea::python {

/// Keeps the first exception of one piece of work. All with the GIL held.
class CallbackErrors {
 public:
  /// \return the Status that ends the work
  arrow::Status Capture(const nanobind::python_error& error);

  /// Raise what was captured, if anything was.
  void Rethrow();

 private:
  std::optional<nanobind::python_error> first_;
};

/// Raise the exception that a captured Status still carries; for callbacks that outlive one call.
void RethrowCaptured(const arrow::Status& status);

/// Run Python code from inside C++ work: takes the GIL, and Ctrl-C interrupts it as ever.
/// \param call  returns arrow::Status, may throw nanobind::python_error
template <typename Call>
arrow::Status CallPython(CallbackErrors& errors, Call call) {
  nanobind::gil_scoped_acquire gil;
  PythonSection section;
  try {
    return call();
  } catch (const nanobind::python_error& error) {
    return errors.Capture(error);
  } catch (const nanobind::cast_error&) {
    return arrow::Status::TypeError("a Python callback returned a value of a wrong type");
  }
}

/// Run work that changes a table and may call back, without the GIL. Ctrl-C stops it; exceptions of
/// callbacks come out as they are; refusals are RefusedError.
/// \param work  takes an arrow::StopToken, returns arrow::Result
template <typename Work>
auto RunChange(CallbackErrors& errors, Work work) {
  InterruptScope scope;
  auto result = [&] {
    nanobind::gil_scoped_release release;
    return work(scope.token());
  }();
  if (scope.Finish()) {
    PyErr_SetInterrupt();
    if (PyErr_CheckSignals() != 0) throw nanobind::python_error();
  }
  // Also when the work was done: a lock that cannot be given back.
  errors.Rethrow();
  CheckChange(result.status());
  return std::move(result).ValueUnsafe();
}

}  // namespace lancea::python
