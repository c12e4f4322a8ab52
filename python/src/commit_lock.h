// A commit lock of Python as a commit handler.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>

#include "callback_errors.h"
#include "lancea/commit_handler.h"

namespace lancea::python {

/// \param lock  None, or a function of the version that returns a context manager, which is entered
///   before that version is written and left after
/// \param errors  keeps what the lock raises; nullptr: only the Status does, for locks that outlive a call
/// \return nullptr for None
std::shared_ptr<CommitHandler> CommitHandlerFromPython(nanobind::handle lock,
                                                       std::shared_ptr<CallbackErrors> errors);

}  // namespace lancea::python
