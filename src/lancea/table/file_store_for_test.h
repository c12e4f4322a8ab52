// A minimal store over files of this machine, and the recorded answers of pylance, for tests of
// this folder.
#pragma once

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "arrow/buffer.h"
#include "lancea/object_store.h"
#include "lancea/util/errors.h"

namespace lancea {

inline std::string TestDataPath(const std::string& name) {
  return std::string(LANCEA_SOURCE_DIR "/tests/data/pylance-14.0.2/table/") + name;
}

inline const nlohmann::json& PylanceAnswers() {
  static const nlohmann::json answers = [] {
    std::ifstream in(TestDataPath("expected.json"));
    return nlohmann::json::parse(in);
  }();
  return answers;
}

/// One object held in memory.
class StoredBytesReader : public ObjectReader {
 public:
  StoredBytesReader(std::string path, std::string bytes)
      : path_(std::move(path)), buffer_(arrow::Buffer::FromString(std::move(bytes))) {}
  uint64_t size() const override { return buffer_->size(); }
  const std::string& path() const override { return path_; }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(ByteRange range) override {
    if (range.offset > size() || range.length > size() - range.offset) {
      return arrow::Status::IOError("read past the end");
    }
    ++num_reads;
    return arrow::SliceBuffer(buffer_, range.offset, range.length);
  }
  int num_reads = 0;

 private:
  std::string path_;
  std::shared_ptr<arrow::Buffer> buffer_;
};

inline std::string ReadWholeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class FileStoreForTest : public ObjectStore {
 public:
  arrow::Result<std::shared_ptr<ObjectReader>> Open(const std::string& path, uint64_t) override {
    if (!std::filesystem::is_regular_file(path)) return NotFound("no file ", path);
    return std::make_shared<StoredBytesReader>(path, ReadWholeFile(path));
  }
  arrow::Result<std::vector<ObjectInfo>> List(const std::string& path) override {
    std::vector<ObjectInfo> out;
    if (!std::filesystem::is_directory(path)) return out;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      bool is_directory = entry.is_directory();
      out.push_back({entry.path().string(), is_directory ? 0 : entry.file_size(), is_directory});
    }
    return out;
  }
  bool is_local() const override { return true; }
};

/// Objects by path, as an unordered remote store would have them.
class MapStoreForTest : public ObjectStore {
 public:
  std::map<std::string, std::string> objects;
  int num_lists = 0;

  arrow::Result<std::shared_ptr<ObjectReader>> Open(const std::string& path, uint64_t) override {
    auto found = objects.find(path);
    if (found == objects.end()) return NotFound("no object ", path);
    return std::make_shared<StoredBytesReader>(path, found->second);
  }
  arrow::Result<std::vector<ObjectInfo>> List(const std::string& path) override {
    ++num_lists;
    std::vector<ObjectInfo> out;
    for (const auto& [name, bytes] : objects) {
      if (name.starts_with(path + "/")) out.push_back({name, bytes.size(), false});
    }
    return out;
  }
};

}  // namespace lancea
