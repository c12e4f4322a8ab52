#include "lancea/io/memory_store.h"

#include <algorithm>
#include <chrono>
#include <mutex>

#include "arrow/buffer.h"
#include "arrow/buffer_builder.h"
#include "lancea/io/check_range.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

class MemoryReader : public ObjectReader {
 public:
  MemoryReader(std::string path, std::shared_ptr<arrow::Buffer> bytes)
      : path_(std::move(path)), bytes_(std::move(bytes)) {}
  uint64_t size() const override { return static_cast<uint64_t>(bytes_->size()); }
  const std::string& path() const override { return path_; }
  bool is_memory() const override { return true; }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(ByteRange range) override {
    ARROW_RETURN_NOT_OK(CheckRange(range, size(), path_));
    return arrow::SliceBuffer(bytes_, static_cast<int64_t>(range.offset),
                              static_cast<int64_t>(range.length));
  }

 private:
  const std::string path_;
  const std::shared_ptr<arrow::Buffer> bytes_;
};

class MemoryWriter : public ObjectWriter {
 public:
  MemoryWriter(MemoryObjectStore* store, std::string path)
      : store_(store), path_(std::move(path)) {}

  arrow::Status Write(std::span<const uint8_t> bytes) override {
    if (is_done_) return arrow::Status::IOError("cannot write to ", path_, ": it is closed");
    return bytes_.Append(bytes.data(), static_cast<int64_t>(bytes.size()));
  }
  uint64_t position() const override { return static_cast<uint64_t>(bytes_.length()); }
  arrow::Status Finish() override {
    if (is_done_) return arrow::Status::IOError("cannot finish ", path_, ": it is closed");
    is_done_ = true;
    ARROW_ASSIGN_OR_RAISE(auto whole, bytes_.Finish());
    return store_->Put(path_, std::move(whole));
  }
  arrow::Status Abort() override {
    is_done_ = true;
    bytes_.Reset();
    return arrow::Status::OK();
  }

 private:
  MemoryObjectStore* const store_;
  const std::string path_;
  arrow::BufferBuilder bytes_;
  bool is_done_ = false;
};

arrow::Status EmptyPath() { return InvalidInput("an empty path names no object in memory"); }

arrow::Result<std::shared_ptr<arrow::Buffer>> CopyOf(std::span<const uint8_t> bytes) {
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::AllocateBuffer(static_cast<int64_t>(bytes.size())));
  std::copy(bytes.begin(), bytes.end(), out->mutable_data());
  return std::shared_ptr<arrow::Buffer>(std::move(out));
}

int64_t NowNanos() {
  using std::chrono::nanoseconds;
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<nanoseconds>(since_epoch).count();
}

}  // namespace

std::string NormalMemoryPath(std::string_view path) {
  std::string out;
  for (char c : path) {
    if (c == '/' && (out.empty() || out.back() == '/')) continue;
    out.push_back(c);
  }
  if (!out.empty() && out.back() == '/') out.pop_back();
  return out;
}

arrow::Result<std::shared_ptr<ObjectReader>> MemoryObjectStore::Open(const std::string& path,
                                                                     uint64_t) {
  const std::string name = NormalMemoryPath(path);
  std::shared_lock lock(mutex_);
  auto found = objects_.find(name);
  if (found == objects_.end()) return NotFound("no object ", path, " in memory");
  return std::make_shared<MemoryReader>(name, found->second.bytes);
}

arrow::Result<std::vector<ObjectInfo>> MemoryObjectStore::List(const std::string& path) {
  const std::string name = NormalMemoryPath(path);
  const std::string prefix = name.empty() ? "" : name + "/";
  std::vector<ObjectInfo> out;
  std::shared_lock lock(mutex_);
  for (auto it = objects_.lower_bound(prefix);
       it != objects_.end() && it->first.starts_with(prefix);) {
    const size_t slash = it->first.find('/', prefix.size());
    if (slash == std::string::npos) {
      out.push_back({.path = it->first,
                     .size = static_cast<uint64_t>(it->second.bytes->size()),
                     .modified_nanos = it->second.modified_nanos});
      ++it;
      continue;
    }
    out.push_back({.path = it->first.substr(0, slash), .is_directory = true});
    // '0' follows '/': the first name behind everything in this directory.
    it = objects_.lower_bound(out.back().path + "0");
  }
  return out;
}

arrow::Result<std::unique_ptr<ObjectWriter>> MemoryObjectStore::Create(const std::string& path) {
  std::string name = NormalMemoryPath(path);
  if (name.empty()) return EmptyPath();
  return std::make_unique<MemoryWriter>(this, std::move(name));
}

arrow::Status MemoryObjectStore::Put(const std::string& path,
                                     std::shared_ptr<arrow::Buffer> bytes) {
  std::string name = NormalMemoryPath(path);
  if (name.empty()) return EmptyPath();
  if (bytes == nullptr) return InvalidInput("no bytes to put at ", path, " in memory");
  Object object{std::move(bytes), NowNanos()};
  std::unique_lock lock(mutex_);
  // Swapped out under the lock, destroyed behind it: it may be the last owner of something large.
  std::swap(objects_[std::move(name)], object);
  lock.unlock();
  return arrow::Status::OK();
}

arrow::Status MemoryObjectStore::Put(const std::string& path, std::span<const uint8_t> bytes) {
  ARROW_ASSIGN_OR_RAISE(auto copy, CopyOf(bytes));
  return Put(path, std::move(copy));
}

arrow::Status MemoryObjectStore::PutIfAbsent(const std::string& path,
                                             std::span<const uint8_t> bytes) {
  std::string name = NormalMemoryPath(path);
  if (name.empty()) return EmptyPath();
  ARROW_ASSIGN_OR_RAISE(auto copy, CopyOf(bytes));
  std::unique_lock lock(mutex_);
  const bool is_new =
      objects_.try_emplace(std::move(name), Object{std::move(copy), NowNanos()}).second;
  return is_new ? arrow::Status::OK() : AlreadyExists("there is an object ", path, " in memory");
}

arrow::Status MemoryObjectStore::Delete(const std::string& path) {
  std::unique_lock lock(mutex_);
  const auto gone = objects_.extract(NormalMemoryPath(path));
  lock.unlock();
  return gone ? arrow::Status::OK() : NotFound("no object ", path, " in memory");
}

arrow::Status MemoryObjectStore::DeleteDirectory(const std::string& path) {
  const std::string name = NormalMemoryPath(path);
  const std::string prefix = name.empty() ? "" : name + "/";
  std::map<std::string, Object> gone;  // destroyed behind the lock
  std::unique_lock lock(mutex_);
  for (auto it = objects_.lower_bound(prefix);
       it != objects_.end() && it->first.starts_with(prefix);) {
    gone.insert(objects_.extract(it++));
  }
  lock.unlock();
  return arrow::Status::OK();
}

const std::shared_ptr<MemoryObjectStore>& MemoryStore() {
  static const std::shared_ptr<MemoryObjectStore> store = std::make_shared<MemoryObjectStore>();
  return store;
}

}  // namespace lancea
