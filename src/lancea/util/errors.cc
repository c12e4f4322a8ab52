#include "lancea/util/errors.h"

#include <memory>

namespace lancea {
namespace {

constexpr char kDetailType[] = "lancea::ErrorCategory";

class CategoryDetail : public arrow::StatusDetail {
 public:
  explicit CategoryDetail(ErrorCategory category) : category_(category) {}
  const char* type_id() const override { return kDetailType; }
  std::string ToString() const override { return ErrorCategoryName(category_); }
  ErrorCategory category() const { return category_; }

 private:
  ErrorCategory category_;
};

arrow::StatusCode CodeOf(ErrorCategory category) {
  switch (category) {
    case ErrorCategory::kInvalidInput:
    case ErrorCategory::kCorrupt:
      return arrow::StatusCode::Invalid;
    case ErrorCategory::kNotFound:
      return arrow::StatusCode::KeyError;
    case ErrorCategory::kAlreadyExists:
      return arrow::StatusCode::AlreadyExists;
    case ErrorCategory::kCommitConflict:
    case ErrorCategory::kRetryableConflict:
      return arrow::StatusCode::IOError;
    case ErrorCategory::kUnsupported:
      return arrow::StatusCode::NotImplemented;
  }
  return arrow::StatusCode::UnknownError;
}

}  // namespace

arrow::Status MakeError(ErrorCategory category, std::string message) {
  return arrow::Status(CodeOf(category), std::move(message),
                       std::make_shared<CategoryDetail>(category));
}

arrow::Status Prefix(const arrow::Status& status, const std::string& context) {
  if (status.ok()) return status;
  return arrow::Status(status.code(), context + ": " + status.message(), status.detail());
}

std::optional<ErrorCategory> CategoryOf(const arrow::Status& status) {
  if (status.ok() || status.detail() == nullptr) return std::nullopt;
  if (std::string_view(status.detail()->type_id()) != kDetailType) return std::nullopt;
  return static_cast<const CategoryDetail&>(*status.detail()).category();
}

const char* ErrorCategoryName(ErrorCategory category) {
  switch (category) {
    case ErrorCategory::kInvalidInput:
      return "invalid input";
    case ErrorCategory::kNotFound:
      return "not found";
    case ErrorCategory::kAlreadyExists:
      return "already exists";
    case ErrorCategory::kCommitConflict:
      return "commit conflict";
    case ErrorCategory::kRetryableConflict:
      return "retryable commit conflict";
    case ErrorCategory::kCorrupt:
      return "corrupt data";
    case ErrorCategory::kUnsupported:
      return "unsupported feature";
  }
  return "unknown";
}

}  // namespace lancea
