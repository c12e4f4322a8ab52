#include "lancea/queue/log_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "lancea/io/system_error.h"
#include "lancea/util/errors.h"

namespace lancea::queue {
namespace {

// As temporary_file.h says: LANCEA_FSYNC=0 trusts the machine not to lose power.
bool SyncingWanted() {
  static const bool wanted = [] {
    const char* text = std::getenv("LANCEA_FSYNC");
    return text == nullptr || std::strcmp(text, "0") != 0;
  }();
  return wanted;
}

// Raise the soft limit of open files to the hard one; true if it was lower.
bool RaiseOpenFileLimit() {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return false;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

arrow::Status SyncDirectory(const std::string& directory) {
  if (!SyncingWanted()) return arrow::Status::OK();
  const int descriptor = OpenDescriptor(directory, O_RDONLY | O_DIRECTORY);
  if (descriptor < 0) return SystemError(directory, "open the directory", errno);
  const int error = fsync(descriptor) != 0 && errno != EINVAL ? errno : 0;
  close(descriptor);
  return error == 0 ? arrow::Status::OK() : SystemError(directory, "flush to disk", error);
}

class DiskLogFile : public LogFile {
 public:
  DiskLogFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  ~DiskLogFile() override { close(descriptor_); }

  arrow::Status Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        return SystemError(path_, internal::Concat("write ", bytes.size(), " bytes of"),
                           count == 0 ? ENOSPC : errno);
      }
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return arrow::Status::OK();
  }

  arrow::Status Sync() override {
    if (!SyncingWanted()) return arrow::Status::OK();
    if (fdatasync(descriptor_) != 0) return SystemError(path_, "flush to disk", errno);
    return arrow::Status::OK();
  }

  // The file is open for appending: writes go to its end, wherever that is.
  arrow::Status Truncate(uint64_t size) override {
    if (ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
      return SystemError(path_, "cut", errno);
    }
    return Sync();
  }

 private:
  const std::string path_;
  const int descriptor_;
};

}  // namespace

int OpenDescriptor(const std::string& path, int flags) {
  int descriptor = open(path.c_str(), flags | O_CLOEXEC, 0666);
  if (descriptor < 0 && errno == EMFILE && RaiseOpenFileLimit()) {
    descriptor = open(path.c_str(), flags | O_CLOEXEC, 0666);
  }
  return descriptor;
}

arrow::Status SyncDirectoryOf(const std::string& path) {
  return SyncDirectory(std::filesystem::path(path).parent_path().string());
}

arrow::Status MakeDirectoriesDurably(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return arrow::Status::OK();
  const std::string parent = std::filesystem::path(path).parent_path().string();
  if (!parent.empty() && parent != path) ARROW_RETURN_NOT_OK(MakeDirectoriesDurably(parent));
  if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
    return SystemError(path, "make the directory", errno);
  }
  return parent.empty() ? arrow::Status::OK() : SyncDirectory(parent);
}

arrow::Result<std::unique_ptr<LogFile>> CreateLogFile(const std::string& path) {
  const int descriptor = OpenDescriptor(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND);
  if (descriptor < 0) return SystemError(path, "create", errno);
  auto file = std::make_unique<DiskLogFile>(path, descriptor);
  ARROW_RETURN_NOT_OK(SyncDirectoryOf(path));
  return file;
}

}  // namespace lancea::queue
