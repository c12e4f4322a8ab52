// The few categories of failure that users act on, one maker per cause.
//
// Every maker returns an arrow::Status whose code suits Arrow callers and whose detail carries the
// category, so that each surface (Python, command line, HTTP) maps errors in exactly one table.
#pragma once

#include <sstream>
#include <string>
#include <utility>

#include "arrow/status.h"
#include "lancea/error.h"

namespace lancea {

/// Build a Status of `category`; `message` says what, where, what was expected and what was found.
arrow::Status MakeError(ErrorCategory category, std::string message);

namespace internal {
template <typename... Args>
std::string Concat(Args&&... args) {
  std::ostringstream out;
  (out << ... << std::forward<Args>(args));
  return std::move(out).str();
}
}  // namespace internal

/// The caller's argument cannot be served.
template <typename... Args>
arrow::Status InvalidInput(Args&&... args) {
  return MakeError(ErrorCategory::kInvalidInput, internal::Concat(std::forward<Args>(args)...));
}
/// Bytes contradict the format.
template <typename... Args>
arrow::Status Corrupt(Args&&... args) {
  return MakeError(ErrorCategory::kCorrupt, internal::Concat(std::forward<Args>(args)...));
}
/// The file is sound, but newer than this build or using a part of the format it does not have.
template <typename... Args>
arrow::Status Unsupported(Args&&... args) {
  return MakeError(ErrorCategory::kUnsupported, internal::Concat(std::forward<Args>(args)...));
}
/// No such table, column, index, tag, branch or version.
template <typename... Args>
arrow::Status NotFound(Args&&... args) {
  return MakeError(ErrorCategory::kNotFound, internal::Concat(std::forward<Args>(args)...));
}

/// Something of that name is there.
template <typename... Args>
arrow::Status AlreadyExists(Args&&... args) {
  return MakeError(ErrorCategory::kAlreadyExists, internal::Concat(std::forward<Args>(args)...));
}
/// Another writer won, and what it did rules this change out: name both transactions and the rule.
template <typename... Args>
arrow::Status CommitConflict(Args&&... args) {
  return MakeError(ErrorCategory::kCommitConflict, internal::Concat(std::forward<Args>(args)...));
}
/// Another writer won, but the change may be made again on its version (by who asked for it, not by us).
template <typename... Args>
arrow::Status RetryableConflict(Args&&... args) {
  return MakeError(ErrorCategory::kRetryableConflict,
                   internal::Concat(std::forward<Args>(args)...));
}

/// The same error with `context` and ": " put before its message; code and category stay.
arrow::Status Prefix(const arrow::Status& status, const std::string& context);

}  // namespace lancea
