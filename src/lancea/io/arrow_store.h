// Objects of any arrow::fs::FileSystem: the clouds Arrow speaks to, and whatever a host has registered.
//
// A known size spares the request that asks for it: then the first request of an object is its first
// read, and a missing one shows there. A process that has used S3 must not go on with it in a forked
// child: the AWS client's threads are not there.
//
// Writing. Arrow 26 passes no precondition on to any cloud: S3's stream knows five metadata keys, none of
// them If-None-Match (apache/arrow issue 44281), Google's sets no generation match, Azure's no access
// condition. So PutIfAbsent goes past Arrow (conditional_put.h); where that has no way, commits need a lock
// or an external manifest store.
// Only S3 shows nothing before Finish. Azure's client puts an empty object in place at Create, and aborting
// Google's publishes what was written: Abort deletes both, an older object of that name is lost.
#pragma once

#include <memory>
#include <optional>

#include "arrow/filesystem/type_fwd.h"
#include "lancea/io/conditional_put.h"
#include "lancea/object_store.h"

namespace lancea {

struct ArrowStoreOptions {
  bool lists_in_order = false;         ///< the service itself lists names in lexical order
  std::optional<uint64_t> block_size;  ///< bytes; see ObjectStore::block_size
  /// null: PutIfAbsent answers Unsupported
  std::shared_ptr<ConditionalPut> conditional_put = nullptr;
};

/// Wrap `file_system`; paths are its own ("bucket/key" on S3). Thread-safe if the file system is.
std::shared_ptr<ObjectStore> MakeArrowStore(std::shared_ptr<arrow::fs::FileSystem> file_system,
                                            ArrowStoreOptions options = {});

}  // namespace lancea
