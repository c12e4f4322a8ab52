#include "status.h"

#include <csignal>

#include "interrupt.h"
#include "lancea/error.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

PyObject* ExceptionOf(const arrow::Status& status) {
  if (auto category = CategoryOf(status)) {
    switch (*category) {
      case ErrorCategory::kInvalidInput:
      case ErrorCategory::kNotFound:
        return PyExc_ValueError;
      case ErrorCategory::kUnsupported:
        return PyExc_NotImplementedError;
      case ErrorCategory::kAlreadyExists:
      case ErrorCategory::kCommitConflict:
      case ErrorCategory::kCorrupt:
        return PyExc_OSError;
    }
  }
  switch (status.code()) {
    case arrow::StatusCode::OutOfMemory:
      return PyExc_MemoryError;
    case arrow::StatusCode::KeyError:
      return PyExc_KeyError;
    case arrow::StatusCode::TypeError:
      return PyExc_TypeError;
    case arrow::StatusCode::IndexError:
      return PyExc_IndexError;
    case arrow::StatusCode::Invalid:
      return PyExc_ValueError;
    case arrow::StatusCode::NotImplemented:
      return PyExc_NotImplementedError;
    case arrow::StatusCode::Cancelled:
      return PyExc_KeyboardInterrupt;
    case arrow::StatusCode::CapacityError:
      return PyExc_OverflowError;
    default:
      return PyExc_OSError;
  }
}

}  // namespace

void Check(const arrow::Status& status) {
  if (status.ok()) return;
  PyErr_SetString(ExceptionOf(status), status.message().c_str());
  throw nb::python_error();
}

InterruptScope::InterruptScope() {
  // threading.main_thread() is the thread whose id Python notes; after fork it is the forking thread.
  static nb::object* is_main = new nb::object(nb::module_::import_("_thread").attr("get_ident"));
  static nb::object* main_thread =
      new nb::object(nb::module_::import_("threading").attr("main_thread"));
  if (!nb::cast<bool>((*is_main)().attr("__eq__")((*main_thread)().attr("ident")))) return;
  auto source = arrow::SetSignalStopSource();
  if (!source.ok()) return;  // pyarrow is in the middle of a call of its own
  if (!arrow::RegisterCancellingSignalHandler({SIGINT}).ok()) {
    arrow::ResetSignalStopSource();
    return;
  }
  token_ = (*source)->token();
  installed_ = true;
}

bool InterruptScope::Finish() {
  if (!installed_) return false;
  installed_ = false;
  arrow::UnregisterCancellingSignalHandler();
  const bool stopped = token_.IsStopRequested();
  arrow::ResetSignalStopSource();
  return stopped;
}

InterruptScope::~InterruptScope() { Finish(); }

}  // namespace lancea::python
