// memory:// objects: whole buffers by path, gone with the process.
//
// Paths have no leading, trailing or doubled '/': "memory:///a//b/", "/a/b" and "a/b" are one object.
// Reads are views of the buffer put; replacing or deleting an object leaves its open readers as they were.
#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>

#include "lancea/object_store.h"

namespace lancea {

/// Thread-safe. A writer refers to its store, which must live as long.
class MemoryObjectStore : public ObjectStore {
 public:
  arrow::Result<std::shared_ptr<ObjectReader>> Open(const std::string& path,
                                                    uint64_t size = 0) override;
  arrow::Result<std::vector<ObjectInfo>> List(const std::string& path) override;
  arrow::Result<std::unique_ptr<ObjectWriter>> Create(const std::string& path) override;
  arrow::Status Put(const std::string& path, std::span<const uint8_t> bytes) override;
  arrow::Status PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes) override;
  arrow::Status Delete(const std::string& path) override;
  arrow::Status DeleteDirectory(const std::string& path) override;
  bool lists_in_order() const override { return true; }
  bool is_local() const override { return true; }

  /// Create or replace an object. The buffer is shared, not copied: it must not change any more.
  /// \return InvalidInput for an empty path or no buffer
  arrow::Status Put(const std::string& path, std::shared_ptr<arrow::Buffer> bytes);

 private:
  struct Object {
    std::shared_ptr<arrow::Buffer> bytes;
    int64_t modified_nanos = 0;
  };

  std::shared_mutex mutex_;
  std::map<std::string, Object> objects_;
};

/// The one store behind memory:// in this process.
const std::shared_ptr<MemoryObjectStore>& MemoryStore();

/// The one spelling of a path in a MemoryObjectStore.
std::string NormalMemoryPath(std::string_view path);

}  // namespace lancea
