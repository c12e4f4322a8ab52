// What a session holds: the host's services with their defaults, and the metadata cache.
#pragma once

#include <algorithm>
#include <atomic>

#include "arrow/memory_pool.h"
#include "arrow/util/thread_pool.h"
#include "lancea/session.h"
#include "lancea/util/lru_cache.h"
#include "lancea/util/memory_shares.h"
#include "lancea/util/returning_pool.h"

namespace lancea {

/// Thread-safe.
class Session::Impl {
 public:
  Impl(uint64_t cache_bytes, Host host)
      : cache_(cache_bytes),
        host_(std::move(host)),
        io_counters_(&ProcessIoCounters(), host_.metrics.get()),
        max_cache_bytes_(cache_bytes) {
    set_memory_limit(DefaultMemoryLimit());
  }

  static uint64_t DefaultMemoryLimit();

  /// Counts for every session of this process.
  static IoCounters& ProcessIoCounters();

  const Host& host() const { return host_; }
  LruCache& cache() { return cache_; }
  /// Tell the host's sink, if there is one.
  void Count(const char* name, uint64_t value) const {
    if (host_.metrics != nullptr) host_.metrics->Count(name, value);
  }
  IoCounters& io_counters() { return io_counters_; }

  uint64_t memory_limit() const { return memory_limit_.load(std::memory_order_relaxed); }
  void set_memory_limit(uint64_t bytes) {
    memory_limit_.store(bytes, std::memory_order_relaxed);
    cache_.set_capacity_bytes(std::min(max_cache_bytes_, MemoryShares(bytes).cache()));
  }

  arrow::MemoryPool* memory_pool() const { return PoolUnder(memory_limit()); }
  /// The pool for work that has a limit of its own.
  arrow::MemoryPool* PoolUnder(uint64_t limit) const {
    if (host_.memory_pool != nullptr) return host_.memory_pool;
    return limit < kReturningPoolLimit ? ReturningPool() : arrow::default_memory_pool();
  }
  arrow::internal::Executor* cpu_executor() const {
    return host_.cpu_executor != nullptr ? host_.cpu_executor : arrow::internal::GetCpuThreadPool();
  }

 private:
  LruCache cache_;
  Host host_;
  IoCounters io_counters_;
  const uint64_t max_cache_bytes_;
  std::atomic<uint64_t> memory_limit_{0};
};

}  // namespace lancea
