// The one check every reader makes before it touches bytes.
#pragma once

#include <string>

#include "arrow/status.h"
#include "lancea/object_store.h"

namespace lancea {

/// \return IOError naming `path` unless `range` lies inside an object of `size` bytes; safe for ranges
///   whose end does not fit 64 bits
inline arrow::Status CheckRange(const ByteRange& range, uint64_t size, const std::string& path) {
  if (range.offset <= size && range.length <= size - range.offset) return arrow::Status::OK();
  return arrow::Status::IOError(path, ": read of ", range.length, " bytes at ", range.offset,
                                " passes the end of ", size);
}

}  // namespace lancea
