// ScanOptions from Python keyword arguments.
#pragma once

#include <nanobind/nanobind.h>

#include "lancea/scanner.h"

namespace lancea::python {

/// \param options  dict with the members' names as keys; None means left alone
ScanOptions ToScanOptions(const nanobind::dict& options);

/// Row numbers from a list, a range, a numpy or an Arrow array of integers.
/// \param what  for messages, e.g. "indices"
std::vector<uint64_t> ToRowNumbers(nanobind::handle rows, const char* what);

}  // namespace lancea::python
