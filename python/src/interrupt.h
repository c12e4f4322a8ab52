// Ctrl-C while C++ works: SIGINT stops the work, then Python raises KeyboardInterrupt.
#pragma once

#include <signal.h>

#include "arrow/util/cancel.h"
#include "status.h"

namespace lancea::python {

/// Between construction and Finish SIGINT asks `token()` to stop. Only the main thread may install signal
/// handlers; on others the token never stops. Construct and finish with the GIL held.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  arrow::StopToken token() const { return token_; }
  /// Give SIGINT back to Python. \return true if it had come: PyErr_CheckSignals will raise
  bool Finish();

 private:
  friend class PythonSection;
  bool is_installed_ = false;
  struct sigaction python_handler_ = {};
  arrow::StopToken token_ = arrow::StopToken::Unstoppable();
};

/// Python code that C++ work calls back: while it runs on the main thread, SIGINT is Python's again.
/// Begins and ends with the GIL held.
class PythonSection {
 public:
  PythonSection();
  ~PythonSection();

 private:
  bool is_installed_ = false;
  struct sigaction ours_ = {};
};

template <typename Work>
auto RunInterruptibly(Work work) {
  InterruptScope scope;
  auto result = [&] {
    nanobind::gil_scoped_release release;
    return work(scope.token());
  }();
  if (scope.Finish()) {
    PyErr_SetInterrupt();
    if (PyErr_CheckSignals() != 0) throw nanobind::python_error();
  }
  return Unwrap(std::move(result));
}

}  // namespace lancea::python
