#include "lancea/io/arrow_store.h"

#include <algorithm>
#include <cerrno>

#include "arrow/buffer.h"
#include "arrow/filesystem/filesystem.h"
#include "arrow/io/interfaces.h"
#include "arrow/util/io_util.h"
#include "lancea/io/check_range.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// File systems say "no such file" by the system's error number.
arrow::Status Explain(const arrow::Status& status, const std::string& path) {
  if (status.ok()) return status;
  const int error = arrow::internal::ErrnoFromStatus(status);
  if (error == ENOENT || error == ENOTDIR) return NotFound(path, ": ", status.message());
  return Prefix(status, path);
}

class ArrowReader : public ObjectReader {
 public:
  ArrowReader(std::string path, std::shared_ptr<arrow::io::RandomAccessFile> file, uint64_t size,
              std::shared_ptr<ObjectStore> store)
      : path_(std::move(path)), store_(std::move(store)), file_(std::move(file)), size_(size) {}
  uint64_t size() const override { return size_; }
  const std::string& path() const override { return path_; }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(ByteRange range) override {
    ARROW_RETURN_NOT_OK(CheckRange(range, size_, path_));
    auto read =
        file_->ReadAt(static_cast<int64_t>(range.offset), static_cast<int64_t>(range.length));
    if (!read.ok()) return Explain(read.status(), path_);
    if (static_cast<uint64_t>((*read)->size()) != range.length) {
      return arrow::Status::IOError(path_, ": asked for ", range.length, " bytes at ", range.offset,
                                    ", got ", (*read)->size());
    }
    return read;
  }

 private:
  const std::string path_;
  const std::shared_ptr<ObjectStore> store_;  // so that a store found again by its URI is this one
  const std::shared_ptr<arrow::io::RandomAccessFile> file_;
  const uint64_t size_;
};

class ArrowWriter : public ObjectWriter {
 public:
  ArrowWriter(std::string path, std::shared_ptr<arrow::io::OutputStream> stream,
              std::shared_ptr<arrow::fs::FileSystem> file_system)
      : path_(std::move(path)), stream_(std::move(stream)), file_system_(std::move(file_system)) {}
  ~ArrowWriter() override { (void)GiveUp(); }  // what stays behind is nobody's

  arrow::Status Write(std::span<const uint8_t> bytes) override {
    ARROW_RETURN_NOT_OK(CheckOpen());
    ARROW_RETURN_NOT_OK(
        Explain(stream_->Write(bytes.data(), static_cast<int64_t>(bytes.size())), path_));
    position_ += bytes.size();
    return arrow::Status::OK();
  }

  arrow::Status WriteMany(std::span<const std::shared_ptr<arrow::Buffer>> buffers) override {
    ARROW_RETURN_NOT_OK(CheckOpen());
    for (const auto& buffer : buffers) {
      // Given the buffer itself, a client that uploads in the background need not copy it.
      ARROW_RETURN_NOT_OK(Explain(stream_->Write(buffer), path_));
      position_ += static_cast<uint64_t>(buffer->size());
    }
    return arrow::Status::OK();
  }

  uint64_t position() const override { return position_; }

  arrow::Status Finish() override {
    ARROW_RETURN_NOT_OK(CheckOpen());
    const arrow::Status status = stream_->Close();
    if (status.ok()) stream_.reset();
    return Explain(status, path_);
  }

  arrow::Status Abort() override { return Explain(GiveUp(), path_); }

 private:
  arrow::Status CheckOpen() const {
    if (stream_ != nullptr) return arrow::Status::OK();
    return arrow::Status::IOError("cannot write to ", path_, ": it is closed");
  }

  arrow::Status GiveUp() {
    if (stream_ == nullptr) return arrow::Status::OK();
    arrow::Status aborted = stream_->Abort();
    stream_.reset();
    // S3 forgets an aborted upload; see the header for the others. Nothing may be there: not an error.
    if (file_system_->type_name() != "s3") {
      arrow::Status deleted = Explain(file_system_->DeleteFile(path_), path_);
      if (!deleted.ok() && CategoryOf(deleted) != ErrorCategory::kNotFound) return deleted;
      return arrow::Status::OK();
    }
    return aborted;
  }

  const std::string path_;
  std::shared_ptr<arrow::io::OutputStream> stream_;  // null once finished or given up
  const std::shared_ptr<arrow::fs::FileSystem> file_system_;
  uint64_t position_ = 0;
};

class ArrowObjectStore : public ObjectStore, public std::enable_shared_from_this<ArrowObjectStore> {
 public:
  ArrowObjectStore(std::shared_ptr<arrow::fs::FileSystem> file_system, ArrowStoreOptions options)
      : file_system_(std::move(file_system)), options_(std::move(options)) {}

  arrow::Result<std::shared_ptr<ObjectReader>> Open(const std::string& path,
                                                    uint64_t size) override {
    arrow::fs::FileInfo info(path, arrow::fs::FileType::File);
    if (size != 0) {
      info.set_size(static_cast<int64_t>(size));
    } else {
      auto found = file_system_->GetFileInfo(path);
      if (!found.ok()) return Explain(found.status(), path);
      info = *std::move(found);
      if (info.type() == arrow::fs::FileType::NotFound) return NotFound("no object ", path);
      if (info.IsDirectory()) return InvalidInput(path, " is a directory");
    }
    auto file = file_system_->OpenInputFile(info);
    if (!file.ok()) return Explain(file.status(), path);
    auto true_size = (*file)->GetSize();
    if (!true_size.ok()) return Explain(true_size.status(), path);
    if (*true_size < 0)
      return arrow::Status::IOError(path, ": the store gives a size of ", *true_size);
    return std::make_shared<ArrowReader>(path, *std::move(file), static_cast<uint64_t>(*true_size),
                                         shared_from_this());
  }

  arrow::Result<std::vector<ObjectInfo>> List(const std::string& path) override {
    arrow::fs::FileSelector selector;
    selector.base_dir = path;
    selector.allow_not_found = true;
    auto found = file_system_->GetFileInfo(selector);
    if (!found.ok()) {
      // Some report a file in the directory's place, or a bucket that is not there.
      const arrow::Status status = Explain(found.status(), path);
      if (CategoryOf(status) == ErrorCategory::kNotFound) return std::vector<ObjectInfo>{};
      return status;
    }
    std::vector<ObjectInfo> out;
    out.reserve(found->size());
    for (const arrow::fs::FileInfo& info : *found) {
      const uint64_t size = info.size() > 0 ? static_cast<uint64_t>(info.size()) : 0;
      const bool has_time = info.mtime() != arrow::fs::kNoTime;
      out.push_back({.path = info.path(),
                     .size = info.IsDirectory() ? 0 : size,
                     .is_directory = info.IsDirectory(),
                     .modified_nanos = has_time ? info.mtime().time_since_epoch().count() : 0});
    }
    // Arrow puts directories and files of S3 one after the other.
    std::ranges::sort(out, {}, &ObjectInfo::path);
    return out;
  }

  arrow::Result<std::unique_ptr<ObjectWriter>> Create(const std::string& path) override {
    auto stream = file_system_->OpenOutputStream(path);
    if (!stream.ok() && CategoryOf(Explain(stream.status(), path)) == ErrorCategory::kNotFound) {
      // A file system with real directories. (On a cloud it is the bucket that is missing.)
      const size_t slash = path.find_last_of('/');
      if (slash != std::string::npos && slash > 0) {
        ARROW_RETURN_NOT_OK(Explain(file_system_->CreateDir(path.substr(0, slash)), path));
        stream = file_system_->OpenOutputStream(path);
      }
    }
    if (!stream.ok()) return Explain(stream.status(), path);
    return std::make_unique<ArrowWriter>(path, *std::move(stream), file_system_);
  }

  arrow::Status PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes) override {
    if (options_.conditional_put != nullptr) {
      return options_.conditional_put->PutIfAbsent(path, bytes);
    }
    return Unsupported("cannot create ", path, " only if it is not there: there is no way to ask ",
                       file_system_->type_name(),
                       " for that with these options, so commits to it need a commit lock or an "
                       "external manifest store");
  }

  arrow::Status Delete(const std::string& path) override {
    return Explain(file_system_->DeleteFile(path), path);
  }

  arrow::Status DeleteDirectory(const std::string& path) override {
    const arrow::Status status = file_system_->DeleteDir(path);
    if (arrow::internal::ErrnoFromStatus(status) == ENOTDIR) {
      return InvalidInput(path, " is no directory");
    }
    if (CategoryOf(Explain(status, path)) == ErrorCategory::kNotFound) return arrow::Status::OK();
    return Explain(status, path);
  }

  bool lists_in_order() const override { return options_.lists_in_order; }
  uint64_t block_size() const override {
    return options_.block_size.value_or(ObjectStore::block_size());
  }

 private:
  const std::shared_ptr<arrow::fs::FileSystem> file_system_;
  const ArrowStoreOptions options_;
};

}  // namespace

std::shared_ptr<ObjectStore> MakeArrowStore(std::shared_ptr<arrow::fs::FileSystem> file_system,
                                            ArrowStoreOptions options) {
  return std::make_shared<ArrowObjectStore>(std::move(file_system), std::move(options));
}

}  // namespace lancea
