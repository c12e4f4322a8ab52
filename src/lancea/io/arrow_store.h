// Objects of any arrow::fs::FileSystem: the clouds Arrow speaks to, and whatever a host has registered.
//
// A known size spares the request that asks for it: then the first request of an object is its first
// read, and a missing one shows there. A process that has used S3 must not go on with it in a forked
// child: the AWS client's threads are not there.
#pragma once

#include <memory>
#include <optional>

#include "arrow/filesystem/type_fwd.h"
#include "lancea/object_store.h"

namespace lancea {

struct ArrowStoreOptions {
  bool lists_in_order = false;         ///< the service itself lists names in lexical order
  std::optional<uint64_t> block_size;  ///< bytes; see ObjectStore::block_size
};

/// Wrap `file_system`; paths are its own ("bucket/key" on S3). Thread-safe if the file system is.
std::shared_ptr<ObjectStore> MakeArrowStore(std::shared_ptr<arrow::fs::FileSystem> file_system,
                                            ArrowStoreOptions options = {});

}  // namespace lancea
