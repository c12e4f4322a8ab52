#include "lancea/io/local_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "arrow/buffer.h"
#include "lancea/io/check_range.h"
#include "lancea/io/local_writer.h"
#include "lancea/io/mapped_file.h"
#include "lancea/io/path.h"
#include "lancea/io/system_error.h"
#include "lancea/io/temporary_file.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// A mapped file or, where that is cheaper, a small one that was read whole.
class WholeReader : public ObjectReader {
 public:
  /// \param resident  told of what is read; nullptr: nobody counts
  WholeReader(std::string path, std::shared_ptr<arrow::Buffer> bytes,
              std::shared_ptr<ResidentPages> resident)
      : path_(std::move(path)), bytes_(std::move(bytes)), resident_(std::move(resident)) {}
  uint64_t size() const override { return static_cast<uint64_t>(bytes_->size()); }
  const std::string& path() const override { return path_; }
  bool is_memory() const override { return true; }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(ByteRange range) override {
    ARROW_RETURN_NOT_OK(CheckRange(range, size(), path_));
    auto view = arrow::SliceBuffer(bytes_, static_cast<int64_t>(range.offset),
                                   static_cast<int64_t>(range.length));
    if (resident_ != nullptr) resident_->Count(*view);
    return view;
  }

 private:
  const std::string path_;
  const std::shared_ptr<arrow::Buffer> bytes_;
  const std::shared_ptr<ResidentPages> resident_;
};

// pread into an own buffer, for file systems that cannot map.
class PreadReader : public ObjectReader {
 public:
  PreadReader(std::string path, int descriptor, uint64_t size)
      : path_(std::move(path)), descriptor_(descriptor), size_(size) {}
  ~PreadReader() override { close(descriptor_); }
  uint64_t size() const override { return size_; }
  const std::string& path() const override { return path_; }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(ByteRange range) override {
    ARROW_RETURN_NOT_OK(CheckRange(range, size_, path_));
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(static_cast<int64_t>(range.length)));
    uint64_t done = 0;
    while (done < range.length) {
      const ssize_t count = pread(descriptor_, buffer->mutable_data() + done, range.length - done,
                                  static_cast<off_t>(range.offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return SystemError(path_, "read", errno);
      if (count == 0) return arrow::Status::IOError(path_, ": the file became shorter while read");
      done += static_cast<uint64_t>(count);
    }
    return buffer;
  }

 private:
  std::string path_;
  int descriptor_;
  uint64_t size_;
};

// Mapping and unmapping cost more than copying so little.
constexpr size_t kSmallFileBytes = 16 * 1024;

bool MappingAllowed() {
  const char* text = std::getenv("LANCEA_MMAP");
  return text == nullptr || std::strcmp(text, "0") != 0;
}

// A few bytes over as many others, in one call: readers see the old or the new ones, as both lie in one page
// of the cache. Renaming over a file costs more than all else of a small put (ext4 writes its blocks first).
// A file with a second name (a copy made by links) is left to the copy.
// \return false when the file is not there, of another size or linked: nothing was written
bool OverwriteInPlace(const std::string& path, std::span<const uint8_t> bytes) {
  constexpr size_t kMaxBytes = 256;
  if (bytes.empty() || bytes.size() > kMaxBytes) return false;
  const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return false;
  struct stat info;
  const bool is_done =
      fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1 &&
      static_cast<size_t>(info.st_size) == bytes.size() &&
      pwrite(descriptor, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
  close(descriptor);
  return is_done;
}

class LocalObjectStore : public ObjectStore {
 public:
  /// \param resident  of the files mapped; nullptr: pages stay as long as the system lets them
  explicit LocalObjectStore(std::shared_ptr<ResidentPages> resident)
      : resident_(std::move(resident)) {}

  arrow::Result<std::shared_ptr<ObjectReader>> Open(const std::string& path, uint64_t) override {
    // O_NONBLOCK: opening a pipe would wait for its writer. Regular files do not care.
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return SystemError(path, "open", errno);
    struct stat info;
    if (fstat(descriptor, &info) != 0) {
      const arrow::Status status = SystemError(path, "stat", errno);
      close(descriptor);
      return status;
    }
    if (!S_ISREG(info.st_mode)) {
      close(descriptor);
      return InvalidInput(path,
                          S_ISDIR(info.st_mode) ? " is a directory" : " is not a regular file");
    }
    const size_t size = static_cast<size_t>(info.st_size);
    if (size <= kSmallFileBytes && MappingAllowed()) {
      auto file = std::make_shared<PreadReader>(path, descriptor, size);
      ARROW_ASSIGN_OR_RAISE(auto bytes, file->ReadAt({0, size}));
      return std::make_shared<WholeReader>(path, std::move(bytes), nullptr);
    }
    if (MappingAllowed()) {
      if (auto mapped = MapFile(descriptor, size)) {
        close(descriptor);
        return std::make_shared<WholeReader>(path, std::move(mapped), resident_);
      }
    }
    return std::make_shared<PreadReader>(path, descriptor, size);
  }

  arrow::Result<std::vector<ObjectInfo>> List(const std::string& path) override {
    return List(path, /*with_details=*/false);
  }
  arrow::Result<std::vector<ObjectInfo>> ListWithDetails(const std::string& path) override {
    return List(path, /*with_details=*/true);
  }

  arrow::Result<std::unique_ptr<ObjectWriter>> Create(const std::string& path) override {
    return CreateLocalFile(path);
  }

  arrow::Status Put(const std::string& path, std::span<const uint8_t> bytes) override {
    return PutWhole(path, bytes, TemporaryFile::IfThere::kReplace, /*sync=*/true);
  }

  arrow::Status PutRelaxed(const std::string& path, std::span<const uint8_t> bytes) override {
    if (OverwriteInPlace(path, bytes)) return arrow::Status::OK();
    return PutWhole(path, bytes, TemporaryFile::IfThere::kReplace, /*sync=*/false);
  }

  arrow::Status PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes) override {
    // Losers of a race are mostly late by more than this: they need not write and flush to learn it.
    if (access(path.c_str(), F_OK) == 0) return SystemError(path, "create", EEXIST);
    return PutWhole(path, bytes, TemporaryFile::IfThere::kFail, /*sync=*/true);
  }

  // Not synced: what comes back after a power cut is a file nobody refers to.
  arrow::Status Delete(const std::string& path) override {
    return unlink(path.c_str()) == 0 ? arrow::Status::OK() : SystemError(path, "delete", errno);
  }

  arrow::Status DeleteDirectory(const std::string& path) override {
    struct stat info;
    if (lstat(path.c_str(), &info) != 0) {
      return errno == ENOENT || errno == ENOTDIR ? arrow::Status::OK()
                                                 : SystemError(path, "delete", errno);
    }
    if (!S_ISDIR(info.st_mode)) return InvalidInput(path, " is no directory");
    std::error_code error;
    std::filesystem::remove_all(path, error);
    return error ? SystemError(path, "delete everything below", error.value())
                 : arrow::Status::OK();
  }

  bool is_local() const override { return true; }

 private:
  static arrow::Status PutWhole(const std::string& path, std::span<const uint8_t> bytes,
                                TemporaryFile::IfThere if_there, bool sync) {
    ARROW_ASSIGN_OR_RAISE(auto file, TemporaryFile::Create(path));
    const iovec whole[] = {{const_cast<uint8_t*>(bytes.data()), bytes.size()}};
    ARROW_RETURN_NOT_OK(file->Append(whole));
    return file->Publish(if_there, sync);
  }

  static arrow::Result<std::vector<ObjectInfo>> List(const std::string& path, bool with_details) {
    std::vector<ObjectInfo> out;
    DIR* directory = opendir(path.c_str());
    if (directory == nullptr) {
      if (errno == ENOENT || errno == ENOTDIR) return out;
      return SystemError(path, "list", errno);
    }
    while (true) {
      errno = 0;
      const dirent* entry = readdir(directory);
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      ObjectInfo info{.path = JoinPath(path, name), .is_directory = entry->d_type == DT_DIR};
      if (with_details || entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK) {
        struct stat target;
        if (fstatat(dirfd(directory), entry->d_name, &target, 0) == 0) {
          info.is_directory = S_ISDIR(target.st_mode);
          info.size = S_ISREG(target.st_mode) ? static_cast<uint64_t>(target.st_size) : 0;
          info.modified_nanos =
              target.st_mtim.tv_sec * int64_t{1'000'000'000} + target.st_mtim.tv_nsec;
        } else if (errno == ENOENT && entry->d_type != DT_LNK) {
          continue;  // deleted since
        }
      }
      out.push_back(std::move(info));
    }
    // A listing cut short would pass for an older version of the table.
    const arrow::Status status =
        errno == 0 ? arrow::Status::OK() : SystemError(path, "list", errno);
    closedir(directory);
    ARROW_RETURN_NOT_OK(status);
    return out;
  }

  const std::shared_ptr<ResidentPages> resident_;
};

}  // namespace

const std::shared_ptr<ObjectStore>& LocalStore() {
  static const std::shared_ptr<ObjectStore> store = std::make_shared<LocalObjectStore>(nullptr);
  return store;
}

std::shared_ptr<ObjectStore> LocalStoreForOnePass(uint64_t resident_bytes) {
  return std::make_shared<LocalObjectStore>(std::make_shared<ResidentPages>(resident_bytes));
}

}  // namespace lancea
