// The file operations of the write-ahead log. A test puts a file that fails in between.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "arrow/result.h"
#include "arrow/status.h"

namespace lancea::queue {

/// One file that is appended to. Not thread-safe.
class LogFile {
 public:
  virtual ~LogFile() = default;
  virtual arrow::Status Append(std::string_view bytes) = 0;
  /// Have all that was appended on the disk.
  virtual arrow::Status Sync() = 0;
  /// Cut the file, durably; what is appended next follows.
  virtual arrow::Status Truncate(uint64_t size) = 0;
};

/// Makes a new file, durably named, or fails if there is one.
using LogFileMaker =
    std::function<arrow::Result<std::unique_ptr<LogFile>>(const std::string& path)>;

arrow::Result<std::unique_ptr<LogFile>> CreateLogFile(const std::string& path);

arrow::Status MakeDirectoriesDurably(const std::string& path);
arrow::Status SyncDirectoryOf(const std::string& path);
/// open(2), not inherited by programs, raising the limit of open files if it is reached.
/// \return -1 with errno set
int OpenDescriptor(const std::string& path, int flags);

}  // namespace lancea::queue
