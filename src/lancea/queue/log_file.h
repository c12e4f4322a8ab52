// The file operations of the write-ahead log and of the lock. A test puts a file that fails in between.
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
/// Raise the soft limit of open files to the hard one. \return true if it was lower
bool RaiseOpenFileLimit();

/// The lock of a bucket's writer; given back when destroyed, by the kernel if the process dies.
class WriterLock {
 public:
  /// \return CommitConflict naming the process that has it
  static arrow::Result<std::unique_ptr<WriterLock>> Take(const std::string& path,
                                                         const std::string& bucket);
  /// The process that has it; 0: nobody.
  static int64_t Holder(const std::string& path);
  ~WriterLock();

 private:
  explicit WriterLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

}  // namespace lancea::queue
