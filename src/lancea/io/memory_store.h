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

/// Thread-safe.
class MemoryObjectStore : public ObjectStore {
 public:
  arrow::Result<std::shared_ptr<ObjectReader>> Open(const std::string& path,
                                                    uint64_t size = 0) override;
  arrow::Result<std::vector<ObjectInfo>> List(const std::string& path) override;
  bool lists_in_order() const override { return true; }
  bool is_local() const override { return true; }

  /// Create or replace an object. The buffer is shared, not copied: it must not change any more.
  /// \return InvalidInput for an empty path or no buffer
  arrow::Status Put(const std::string& path, std::shared_ptr<arrow::Buffer> bytes);

  /// Remove one object and everything below it. \return how many objects went
  size_t Delete(const std::string& path);

 private:
  std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<arrow::Buffer>> objects_;
};

/// The one store behind memory:// in this process.
const std::shared_ptr<MemoryObjectStore>& MemoryStore();

/// The one spelling of a path in a MemoryObjectStore.
std::string NormalMemoryPath(std::string_view path);

}  // namespace lancea
