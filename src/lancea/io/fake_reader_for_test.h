// An object that records what is asked of it and misbehaves on demand.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "arrow/buffer.h"
#include "lancea/io/check_range.h"
#include "lancea/object_store.h"

namespace lancea {

/// Byte i of the object is i * 7 + i / 251, so that a shifted read never looks right.
inline uint8_t FakeByte(uint64_t offset) { return static_cast<uint8_t>(offset * 7 + offset / 251); }

inline std::string FakeBytes(ByteRange range) {
  std::string out;
  for (uint64_t i = 0; i < range.length; ++i)
    out.push_back(static_cast<char>(FakeByte(range.offset + i)));
  return out;
}

class FakeReader : public ObjectReader {
 public:
  explicit FakeReader(uint64_t size, bool is_memory = false) : size_(size), is_memory_(is_memory) {}

  /// Called before each read; an error is returned in its place.
  std::function<arrow::Status(ByteRange)> before_read;
  uint64_t bytes_missing = 0;  ///< every read is this much too short
  std::chrono::milliseconds delay{0};

  uint64_t size() const override { return size_; }
  const std::string& path() const override { return path_; }
  bool is_memory() const override { return is_memory_; }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(ByteRange range) override {
    {
      std::lock_guard lock(mutex_);
      requests_.push_back(range);
      threads_.push_back(std::this_thread::get_id());
      if (before_read) ARROW_RETURN_NOT_OK(before_read(range));
    }
    std::this_thread::sleep_for(delay);
    ARROW_RETURN_NOT_OK(CheckRange(range, size_, path_));
    range.length -= std::min(range.length, bytes_missing);
    return arrow::Buffer::FromString(FakeBytes(range));
  }

  /// By offset, as threads may take them in any order.
  std::vector<ByteRange> requests() const {
    std::lock_guard lock(mutex_);
    auto out = requests_;
    std::ranges::sort(out, {}, &ByteRange::offset);
    return out;
  }
  std::vector<std::thread::id> threads() const {
    std::lock_guard lock(mutex_);
    return threads_;
  }

 private:
  const uint64_t size_;
  const bool is_memory_;
  const std::string path_ = "bucket/fake.lance";
  mutable std::mutex mutex_;
  std::vector<ByteRange> requests_;
  std::vector<std::thread::id> threads_;
};

}  // namespace lancea
