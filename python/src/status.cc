#include "status.h"

#include <nanobind/stl/string.h>

#include <csignal>

#include "callback_errors.h"
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
      case ErrorCategory::kRetryableConflict:
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

void RaiseIfConflict(const arrow::Status& status) {
  const auto category = CategoryOf(status);
  const bool is_retryable = category == ErrorCategory::kRetryableConflict;
  if (!is_retryable && category != ErrorCategory::kCommitConflict) return;
  nb::object type = nb::module_::import_("lancea.commit").attr("CommitConflictError");
  PyErr_SetObject(type.ptr(), type(status.message(), is_retryable).ptr());
  throw nb::python_error();
}

}  // namespace

void Check(const arrow::Status& status) {
  if (status.ok()) return;
  RethrowCaptured(status);
  RaiseIfConflict(status);
  PyErr_SetString(ExceptionOf(status), status.message().c_str());
  throw nb::python_error();
}

void CheckChange(const arrow::Status& status) {
  const auto category = CategoryOf(status);
  // Arrow's own: a division by zero, a number that is none.
  const bool is_refused_by_arrow = !category && status.IsInvalid();
  if (category == ErrorCategory::kInvalidInput || category == ErrorCategory::kNotFound ||
      category == ErrorCategory::kAlreadyExists || is_refused_by_arrow) {
    nb::object type = nb::module_::import_("lancea.errors").attr("RefusedError");
    PyErr_SetString(type.ptr(), status.message().c_str());
    throw nb::python_error();
  }
  Check(status);
}

}  // namespace lancea::python
