#include "lancea/io/memory_store.h"

#include <mutex>

#include "arrow/buffer.h"
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
  return std::make_shared<MemoryReader>(name, found->second);
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
      out.push_back({it->first, static_cast<uint64_t>(it->second->size()), false});
      ++it;
      continue;
    }
    out.push_back({it->first.substr(0, slash), 0, true});
    // '0' follows '/': the first name behind everything in this directory.
    it = objects_.lower_bound(out.back().path + "0");
  }
  return out;
}

arrow::Status MemoryObjectStore::Put(const std::string& path,
                                     std::shared_ptr<arrow::Buffer> bytes) {
  std::string name = NormalMemoryPath(path);
  if (name.empty()) return InvalidInput("an empty path names no object in memory");
  if (bytes == nullptr) return InvalidInput("no bytes to put at ", path, " in memory");
  std::unique_lock lock(mutex_);
  // Swapped out under the lock, destroyed behind it: it may be the last owner of something large.
  objects_[std::move(name)].swap(bytes);
  lock.unlock();
  return arrow::Status::OK();
}

size_t MemoryObjectStore::Delete(const std::string& path) {
  const std::string name = NormalMemoryPath(path);
  std::map<std::string, std::shared_ptr<arrow::Buffer>> gone;
  std::unique_lock lock(mutex_);
  if (auto one = objects_.extract(name)) gone.insert(std::move(one));
  const std::string prefix = name.empty() ? "" : name + "/";
  for (auto it = objects_.lower_bound(prefix);
       it != objects_.end() && it->first.starts_with(prefix);) {
    gone.insert(objects_.extract(it++));
  }
  lock.unlock();
  return gone.size();
}

const std::shared_ptr<MemoryObjectStore>& MemoryStore() {
  static const std::shared_ptr<MemoryObjectStore> store = std::make_shared<MemoryObjectStore>();
  return store;
}

}  // namespace lancea
