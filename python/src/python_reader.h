// Rows that Python gives, as a stream that C++ pulls.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>

#include "arrow/type_fwd.h"
#include "callback_errors.h"

namespace lancea::python {

/// \param source  a pyarrow.Table, which is read without Python, or a pyarrow.RecordBatchReader, which is
///   asked for each batch with the GIL held
/// \param errors  gets what the reader raises
std::shared_ptr<arrow::RecordBatchReader> ReaderFromPython(nanobind::handle source,
                                                           std::shared_ptr<CallbackErrors> errors);

}  // namespace lancea::python
