// A file as memory, and how much of it stays there.
//
// A page that was looked at counts as memory of the process until the file is unmapped or the page is
// given back. Files never change, so a page given back is the same when it is looked at again: views stay
// valid, and giving back is a matter of speed alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "arrow/type_fwd.h"

namespace lancea {

/// Mapped files that together keep a bounded number of pages: after so many bytes were read all pages are
/// given back. Those that are read but not looked at yet come on top. Thread-safe.
class ResidentPages {
 public:
  explicit ResidentPages(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  /// So many bytes are about to be looked at.
  void Count(uint64_t bytes);

  // For MapFile.
  void Add(std::span<const uint8_t> mapping);
  /// Before it is unmapped.
  void Remove(std::span<const uint8_t> mapping);

 private:
  const uint64_t max_bytes_;
  std::mutex mutex_;
  uint64_t read_bytes_ = 0;  // since pages were given back
  std::vector<std::span<const uint8_t>> mappings_;
};

/// \param resident  counts the file among its own while it is mapped; may be nullptr
/// \return nullptr where files cannot be mapped. `descriptor` may be closed at once
std::shared_ptr<arrow::Buffer> MapFile(int descriptor, size_t size,
                                       std::shared_ptr<ResidentPages> resident);

}  // namespace lancea
