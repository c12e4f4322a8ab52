// The lock of a bucket's writer: flock on <bucket>/writer.lock, which holds the writer's process id.
//
// It is given back when destroyed, and by the kernel when the process dies. Forked children do not hold
// it: their descriptor is closed as they begin, else a bucket would stay locked for as long as one of them
// lives.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "arrow/result.h"

namespace lancea::queue {

class WriterLock {
 public:
  /// \return CommitConflict naming the process that has it
  static arrow::Result<std::unique_ptr<WriterLock>> Take(const std::string& path,
                                                         const std::string& bucket);
  /// The process that has it; 0: nobody; -1: somebody who did not say.
  static int64_t Holder(const std::string& path);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  explicit WriterLock(int descriptor);
  const int descriptor_;
  const int64_t process_;
};

}  // namespace lancea::queue
