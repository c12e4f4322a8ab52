// A store of files in memory, whose reads are allocations of their own: a sanitizer sees every over-read.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "arrow/result.h"
#include "lancea/object_store.h"

namespace lancea::corruption {

using Files = std::map<std::string, std::shared_ptr<arrow::Buffer>>;

inline std::string Normal(const std::filesystem::path& path) {
  return path.lexically_normal().string();
}

/// All files below `root`, or `root` itself if it is one.
inline Files LoadFiles(const std::filesystem::path& root) {
  Files out;
  auto load = [&](const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    out[Normal(path)] =
        arrow::Buffer::FromString(std::string(std::istreambuf_iterator<char>(in), {}));
  };
  if (std::filesystem::is_regular_file(root)) {
    load(root);
    return out;
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) load(entry.path());
  }
  return out;
}

class BufferReader : public ObjectReader {
 public:
  BufferReader(std::string path, std::shared_ptr<arrow::Buffer> bytes)
      : path_(std::move(path)), bytes_(std::move(bytes)) {}
  uint64_t size() const override { return static_cast<uint64_t>(bytes_->size()); }
  const std::string& path() const override { return path_; }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(ByteRange range) override {
    if (range.offset > size() || range.length > size() - range.offset) {
      return arrow::Status::IOError(path_, ": read past the end");
    }
    ARROW_ASSIGN_OR_RAISE(auto out, arrow::AllocateBuffer(static_cast<int64_t>(range.length)));
    std::copy_n(bytes_->data() + range.offset, range.length, out->mutable_data());
    return out;
  }

 private:
  std::string path_;
  std::shared_ptr<arrow::Buffer> bytes_;
};

class MemoryFiles : public ObjectStore {
 public:
  explicit MemoryFiles(Files files) : files_(std::move(files)) {}
  arrow::Result<std::shared_ptr<ObjectReader>> Open(const std::string& path, uint64_t) override {
    auto it = files_.find(Normal(path));
    if (it == files_.end()) return arrow::Status::KeyError(path, " not found");
    return std::make_shared<BufferReader>(path, it->second);
  }
  arrow::Result<std::vector<ObjectInfo>> List(const std::string& path) override {
    std::map<std::string, ObjectInfo> found;
    std::string prefix = Normal(path);
    if (prefix.empty() || prefix.back() != '/') prefix.push_back('/');
    for (const auto& [name, bytes] : files_) {
      if (!name.starts_with(prefix)) continue;
      const size_t slash = name.find('/', prefix.size());
      const std::string child = name.substr(0, slash);
      found[child] = {child, static_cast<uint64_t>(bytes->size()), slash != std::string::npos};
    }
    std::vector<ObjectInfo> out;
    for (auto& [name, info] : found) out.push_back(info);
    return out;
  }

 private:
  const Files files_;
};

}  // namespace lancea::corruption
