// What kind of failure a Status from Lancea is.
#pragma once

#include <optional>

#include "arrow/status.h"
#include "lancea/export.h"

namespace lancea {

enum class ErrorCategory {
  kInvalidInput,       ///< the caller's argument cannot be served
  kNotFound,           ///< no such table, column, index, tag, branch or version
  kAlreadyExists,      ///< something of that name is there
  kCommitConflict,     ///< another writer won, and what it did rules this change out for good
  kRetryableConflict,  ///< another writer won; the same change, made again on its version, may pass
  kCorrupt,            ///< bytes contradict the format
  kUnsupported,        ///< sound, but newer than this build reads
};

/// The category of an error made by Lancea; nullopt for OK and for errors of Arrow or the system.
LANCEA_EXPORT std::optional<ErrorCategory> CategoryOf(const arrow::Status& status);

/// The name of a category in words, e.g. "commit conflict".
LANCEA_EXPORT const char* ErrorCategoryName(ErrorCategory category);

}  // namespace lancea
