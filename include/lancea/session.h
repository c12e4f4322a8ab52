// What datasets share: the metadata cache, the store, memory, threads and cancellation.
//
// With no host everything has a sensible default and nothing is started: reads of mapped files run on
// the calling thread, and Arrow's own CPU and I/O pools are used only for work that can be split.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "arrow/type_fwd.h"
#include "arrow/util/type_fwd.h"
#include "lancea/export.h"
#include "lancea/metrics.h"
#include "lancea/object_store.h"

namespace lancea {

/// What an embedding engine brings of its own; every member may stay empty.
struct LANCEA_EXPORT Host {
  /// For results and what is decoded on the way; outlives all results. Default:
  /// arrow::default_memory_pool(). A limit on memory is an arrow::CappedMemoryPool (over an
  /// arrow::ProxyMemoryPool, or it counts what everybody allocates): what would pass it fails with
  /// OutOfMemory.
  arrow::MemoryPool* memory_pool = nullptr;
  /// For decoding. Default: Arrow's CPU thread pool.
  arrow::internal::Executor* cpu_executor = nullptr;
  /// For reads of objects that are not in memory. Default: LANCE_IO_THREADS threads, or Arrow's I/O pool.
  arrow::internal::Executor* io_executor = nullptr;
  /// Is told what reads cost. Default: nobody is.
  std::shared_ptr<MetricsSink> metrics;
  /// Verify what is read of data files that have checksums; LANCEA_VERIFY_CHECKSUMS=0 turns it off too.
  bool verify_checksums = true;
  /// Where all tables are, whatever their URI. Default: by the URI.
  std::shared_ptr<ObjectStore> object_store;
};

/// Use of the session cache by one kind of entry.
struct CacheUse {
  uint64_t entries = 0;
  uint64_t bytes = 0;
};

/// I/O of all sessions of this process.
LANCEA_EXPORT IoStatistics ProcessIoStatistics();

/// State shared by every dataset opened with it. Thread-safe.
class LANCEA_EXPORT Session {
 public:
  static constexpr uint64_t kDefaultCacheBytes = uint64_t{1} << 30;

  /// \param metadata_cache_bytes  cap of manifests, file footers, page metadata, deletion vectors
  ///   and row-id maps kept, in bytes
  explicit Session(uint64_t metadata_cache_bytes = kDefaultCacheBytes, Host host = {});
  ~Session();

  /// The session used by datasets opened with none.
  static const std::shared_ptr<Session>& Default();

  const Host& host() const;

  uint64_t cache_capacity_bytes() const;
  uint64_t cache_bytes() const;                       ///< bytes held now
  std::map<std::string, CacheUse> cache_use() const;  ///< by owner: "manifest", "file", "page" ...
  uint64_t cache_hits() const;
  uint64_t cache_misses() const;

  /// Bytes that a scan, a take or a change of rows or columns may hold beside its result; what needs more
  /// streams or goes to temporary files. Default: LANCEA_MEMORY_LIMIT bytes, or half of the machine's
  /// memory. What runs already keeps the limit it began with.
  uint64_t memory_limit() const;
  void set_memory_limit(uint64_t bytes);

  /// I/O of all datasets and files opened with this session.
  IoStatistics io_statistics() const;
  void ClearCache();  ///< give everything back that is not in use

  class Impl;
  Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace lancea
