#include "callback_errors.h"

namespace lancea::python {

arrow::Status CallbackErrors::Capture(const nanobind::python_error& error) {
  arrow::Status status = arrow::Status::UnknownError(error.what());
  if (!first_.has_value()) first_.emplace(error);
  return status;
}

void CallbackErrors::Rethrow() {
  if (!first_.has_value()) return;
  nanobind::python_error error(*first_);
  first_.reset();
  throw error;
}

}  // namespace lancea::python
