// What the operating system said, as a Status that names the path.
#pragma once

#include <string>
#include <string_view>

#include "arrow/status.h"

namespace lancea {

/// "cannot <doing> <path>: <the system's words>".
///
/// \param doing  a verb with what it wanted, e.g. "write 4096 bytes at 0 of"
/// \param error  an errno value
/// \return NotFound for ENOENT and ENOTDIR, AlreadyExists for EEXIST, else IOError with the number as detail
arrow::Status SystemError(const std::string& path, std::string_view doing, int error);

}  // namespace lancea
