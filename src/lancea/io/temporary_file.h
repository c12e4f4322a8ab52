// A local file being written under a name that every Lance reader skips, then given its own in one step.
//
//   <directory>/.tmp-<16 hex digits>  --Publish-->  <directory>/<name>
//
// Names that begin with ".tmp" are neither versions nor data files to any client, and cleanup removes them
// once they are old: that is all a writer that was killed leaves behind.
//
// Durable means: the file's bytes are on the disk before its name is (fsync, then rename), and the name is
// on the disk when Publish returns (fsync of the directory, and of the parents of directories made for
// it). LANCEA_FSYNC=0 leaves out both kinds of fsync: a killed process still loses nothing, a power cut may.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "arrow/result.h"

namespace lancea {

/// True for what a writer has not published; `path` may have directories before the name.
bool IsTemporaryName(std::string_view path);

/// Not thread-safe. Dropped without Publish it is discarded.
class TemporaryFile {
 public:
  /// Begin a file that is to become `path`. Missing directories are made.
  /// \return InvalidInput if `path` has no last name
  static arrow::Result<std::unique_ptr<TemporaryFile>> Create(const std::string& path);

  ~TemporaryFile() { Discard(); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  /// Append the parts one after another, in as few system calls as there can be.
  arrow::Status Append(std::span<const iovec> parts);

  enum class IfThere { kReplace, kFail };
  /// Give the file its name, durably. Of all who publish one name with kFail, in any number of processes
  /// and machines that share the file system, one succeeds.
  /// \param sync  false: not durably, the disk writes when it likes
  /// \return AlreadyExists with kFail if there is one. After another error the name may be there or not.
  arrow::Status Publish(IfThere if_there, bool sync = true);

  /// Remove it, unless it was published.
  void Discard();

  /// Bytes appended so far.
  uint64_t size() const { return size_; }

 private:
  TemporaryFile(std::string path, std::string directory, std::string temporary, int descriptor)
      : path_(std::move(path)),
        directory_(std::move(directory)),
        temporary_(std::move(temporary)),
        descriptor_(descriptor) {}
  void StartWriteBack();
  arrow::Status Close(bool durable);
  arrow::Status NameIfAbsent();

  const std::string path_;
  const std::string directory_;
  const std::string temporary_;
  int descriptor_;  // -1 once closed
  bool is_named_temporarily_ = true;
  uint64_t size_ = 0;
  uint64_t write_back_started_ = 0;  // bytes
};

}  // namespace lancea
