// A cache bounded in bytes that forgets what was used longest ago.
//
// Values of any type live side by side, each charged in bytes and counted under its owner ("manifest",
// "file" ...). A value in use elsewhere stays alive after it was evicted: the bound is on what the cache
// itself keeps. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "arrow/result.h"

namespace lancea {

class LruCache {
 public:
  struct Use {
    uint64_t entries = 0;
    uint64_t bytes = 0;
  };

  explicit LruCache(uint64_t capacity_bytes) : capacity_(capacity_bytes) {}

  uint64_t capacity_bytes() const { return capacity_; }

  /// Keep no more than this from now on; entries go when the next comes.
  void set_capacity_bytes(uint64_t bytes) { capacity_ = bytes; }

  /// The value kept under `key`, or nullptr. The caller knows its type from the key.
  template <typename T>
  std::shared_ptr<const T> Get(const std::string& key) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto it = entries_.find(key);
    if (it == entries_.end()) {
      ++misses_;
      return nullptr;
    }
    ++hits_;
    order_.splice(order_.begin(), order_, it->second);
    return std::static_pointer_cast<const T>(it->second->value);
  }

  /// Keep `value`, charged `bytes`, and evict what no longer fits. When another thread was first its
  /// value stays. \return the value kept
  template <typename T>
  std::shared_ptr<const T> Put(const std::string& key, const char* owner,
                               std::shared_ptr<const T> value, uint64_t bytes) {
    std::list<Entry> dropped;  // destroyed after the lock is released
    std::lock_guard<std::mutex> lock(mutex_);
    auto it = entries_.find(key);
    if (it != entries_.end()) return std::static_pointer_cast<const T>(it->second->value);
    order_.push_front(Entry{key, owner, value, bytes});
    entries_[key] = order_.begin();
    bytes_ += bytes;
    Account(owner, 1, bytes);
    while (bytes_ > capacity_ && order_.size() > 1) Evict(std::prev(order_.end()), &dropped);
    return value;
  }

  /// Charge an entry anew, if it is still kept, and evict what no longer fits.
  void Recharge(const std::string& key, uint64_t bytes) {
    std::list<Entry> dropped;
    std::lock_guard<std::mutex> lock(mutex_);
    auto it = entries_.find(key);
    if (it == entries_.end()) return;
    Entry& entry = *it->second;
    bytes_ += bytes - entry.bytes;
    Account(entry.owner, 0, bytes - entry.bytes);
    entry.bytes = bytes;
    // What has outgrown the cache goes too: whoever uses it holds it.
    while (bytes_ > capacity_ && !order_.empty()) Evict(std::prev(order_.end()), &dropped);
  }

  void Clear() {
    std::list<Entry> dropped;
    std::lock_guard<std::mutex> lock(mutex_);
    while (!order_.empty()) Evict(std::prev(order_.end()), &dropped);
  }

  uint64_t bytes() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return bytes_;
  }
  std::map<std::string, Use> use() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return use_;
  }
  uint64_t hits() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return hits_;
  }
  uint64_t misses() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return misses_;
  }

 private:
  struct Entry {
    std::string key;
    std::string owner;
    std::shared_ptr<const void> value;
    uint64_t bytes;
  };

  void Account(const std::string& owner, int64_t entries, uint64_t bytes) {
    Use& use = use_[owner];
    use.entries += static_cast<uint64_t>(entries);
    use.bytes += bytes;
  }

  void Evict(std::list<Entry>::iterator entry, std::list<Entry>* dropped) {
    bytes_ -= entry->bytes;
    Account(entry->owner, -1, uint64_t{0} - entry->bytes);
    entries_.erase(entry->key);
    dropped->splice(dropped->begin(), order_, entry);
  }

  std::atomic<uint64_t> capacity_;
  mutable std::mutex mutex_;
  std::list<Entry> order_;  // most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> entries_;
  uint64_t bytes_ = 0;
  uint64_t hits_ = 0, misses_ = 0;
  std::map<std::string, Use> use_;
};

}  // namespace lancea
