#include "callback_errors.h"

#include <string_view>

namespace lancea::python {

namespace {

constexpr char kDetailType[] = "lancea::python::PythonError";

// nanobind's exception takes the GIL itself when it goes.
class PythonErrorDetail : public arrow::StatusDetail {
 public:
  explicit PythonErrorDetail(const nanobind::python_error& raised) { error.emplace(raised); }
  const char* type_id() const override { return kDetailType; }
  std::string ToString() const override { return "a Python exception"; }
  std::optional<nanobind::python_error> error;
};

}  // namespace

arrow::Status CallbackErrors::Capture(const nanobind::python_error& error) {
  arrow::Status status(arrow::StatusCode::UnknownError, error.what(),
                       std::make_shared<PythonErrorDetail>(error));
  if (!first_.has_value()) first_.emplace(error);
  return status;
}

void RethrowCaptured(const arrow::Status& status) {
  const auto& detail = status.detail();
  if (detail == nullptr || std::string_view(detail->type_id()) != kDetailType) return;
  nanobind::python_error error(*static_cast<const PythonErrorDetail&>(*detail).error);
  throw error;
}

void CallbackErrors::Rethrow() {
  if (!first_.has_value()) return;
  nanobind::python_error error(*first_);
  first_.reset();
  throw error;
}

}  // namespace lancea::python
