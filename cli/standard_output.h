// Standard output as an Arrow stream, whatever it is: a file, a terminal or a pipe.
#pragma once

#include <memory>

#include "arrow/io/interfaces.h"
#include "arrow/result.h"

namespace lancea::cli {

/// Closing the stream leaves the process's standard output open. Writes are not buffered.
std::shared_ptr<arrow::io::OutputStream> MakeStandardOutput();

}  // namespace lancea::cli
