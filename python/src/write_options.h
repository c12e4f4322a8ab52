// WriteOptions and CommitOptions from Python keyword arguments.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>

#include "callback_errors.h"
#include "lancea/write.h"

namespace lancea::python {

/// \param options  dict with the members' names as keys; None means left alone. "commit_lock" is a Python
///   function, "progress", "fragment_begun" and "fragment_complete" are called back
/// \param errors  gets what callbacks raise
WriteOptions ToWriteOptions(const nanobind::dict& options,
                            const std::shared_ptr<CallbackErrors>& errors);

CommitOptions ToCommitOptions(const nanobind::dict& options,
                              const std::shared_ptr<CallbackErrors>& errors);

}  // namespace lancea::python
