// What a read cost, and where a host can have it counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <tuple>
#include <vector>

#include "lancea/export.h"

namespace lancea {

/// I/O done by one dataset, scan or take.
struct IoStatistics {
  uint64_t requests = 0;    ///< ranges asked for, before coalescing
  uint64_t iops = 0;        ///< reads issued to the store
  uint64_t bytes_read = 0;  ///< bytes those reads brought in (of a mapped file: bytes viewed)
};

/// Receives named measurements; a host forwards them to its own monitoring. Called from any thread, for
/// every read: it must be quick.
class LANCEA_EXPORT MetricsSink {
 public:
  virtual ~MetricsSink() = default;
  /// Add `value` to the counter `name`: "lancea.io.requests", "lancea.io.iops", "lancea.io.bytes_read",
  /// "lancea.rows_scanned", "lancea.rows_taken".
  virtual void Count(const char* name, uint64_t value) = 0;
};

/// Counters that several threads add to. What is added also counts for the parent, if there is one.
class LANCEA_EXPORT IoCounters {
 public:
  /// \param parent  must outlive this
  /// \param sink    is told of every addition; must outlive this
  explicit IoCounters(IoCounters* parent = nullptr, MetricsSink* sink = nullptr)
      : parent_(parent), sink_(sink) {}

  void Add(uint64_t requests, uint64_t iops, uint64_t bytes) {
    if (parent_ != nullptr) parent_->Add(requests, iops, bytes);
    if (sink_ != nullptr) {
      sink_->Count("lancea.io.requests", requests);
      sink_->Count("lancea.io.iops", iops);
      sink_->Count("lancea.io.bytes_read", bytes);
    }
    requests_.fetch_add(requests, std::memory_order_relaxed);
    iops_.fetch_add(iops, std::memory_order_relaxed);
    bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
  IoStatistics Read() const {
    return {requests_.load(std::memory_order_relaxed), iops_.load(std::memory_order_relaxed),
            bytes_.load(std::memory_order_relaxed)};
  }
  /// Let what is added count for `parent` too, unless there is one. Before anything is added.
  void CountFor(IoCounters* parent) {
    if (parent_ == nullptr) parent_ = parent;
  }
  void Reset() { requests_ = iops_ = bytes_ = 0; }

 private:
  IoCounters* parent_;
  MetricsSink* const sink_;
  std::atomic<uint64_t> requests_{0}, iops_{0}, bytes_{0};
};

/// Pages of columns that a scan had to do with, each counted once, however many batches read of it.
/// Thread-safe.
class LANCEA_EXPORT PageCounters {
 public:
  /// Where pages lie: index of a fragment, id of a top-level field, part of it (several files may hold one).
  using Place = std::tuple<uint64_t, int32_t, uint64_t>;

  /// \param num_pages  that the place has
  /// \param read       those of them whose values have been read
  void Add(const Place& place, uint64_t num_pages, std::span<const uint64_t> read) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto [it, is_new] = seen_.try_emplace(place);
    std::vector<bool>& seen = it->second;
    if (is_new) {
      seen.resize(num_pages);
      total_ += num_pages;
    }
    for (const uint64_t page : read) {
      if (page >= seen.size() || seen[page]) continue;
      seen[page] = true;
      ++scanned_;
    }
  }
  uint64_t scanned() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return scanned_;
  }
  /// Those never read: no row of them was wanted, or what is known of them was answer enough.
  uint64_t skipped() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return total_ - scanned_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<Place, std::vector<bool>> seen_;
  uint64_t total_ = 0, scanned_ = 0;
};

/// What one scan did. Added to from any thread.
struct ScanCounters {
  std::atomic<uint64_t> fragments_scanned{0};
  std::atomic<uint64_t> ranges_scanned{0};
  std::atomic<uint64_t> rows_scanned{0};   ///< looked at
  std::atomic<uint64_t> rows_selected{0};  ///< left by the filter
  std::atomic<uint64_t> rows_taken{0};     ///< read after the filter, or by number
  std::atomic<uint64_t> spilled_bytes{0};  ///< by sorting
  std::atomic<uint64_t> filter_nanos{0};   ///< of all threads, asking the filter, reading included
  std::atomic<uint64_t> take_nanos{0};     ///< of all threads, reading what the filter left
  IoCounters scan_io;                      ///< of the columns that are scanned
  IoCounters take_io;                      ///< of those read for the rows left
  PageCounters scan_pages, take_pages;     ///< likewise
};

}  // namespace lancea
