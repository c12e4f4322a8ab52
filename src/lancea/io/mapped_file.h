// A file as memory, and how much of it stays there.
//
// A page that was looked at counts as memory of the process until the file is unmapped or the page is
// given back. Files never change, so a page given back is the same when it is looked at again: views stay
// valid, and giving back is a matter of speed alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "arrow/type_fwd.h"

namespace lancea {

/// Views of mapped files that together keep a bounded number of pages: after so many bytes of them were
/// read all pages of these files are given back. Those that are read but not looked at yet come on top.
/// Thread-safe.
class ResidentPages {
 public:
  explicit ResidentPages(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  /// A view is about to be looked at. Buffers that are no part of what MapFile returned do not count.
  void Count(const arrow::Buffer& view);

 private:
  const uint64_t max_bytes_;
  std::mutex mutex_;
  uint64_t read_bytes_ = 0;  // since pages were given back
  std::map<const uint8_t*, std::weak_ptr<arrow::Buffer>> mappings_;
};

/// \return nullptr where files cannot be mapped. `descriptor` may be closed at once
std::shared_ptr<arrow::Buffer> MapFile(int descriptor, size_t size);

}  // namespace lancea
