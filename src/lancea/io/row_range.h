// Half-open range of rows in a page, column, fragment or dataset.
#pragma once

#include <cstdint>

#include "lancea/object_store.h"

namespace lancea {

/// Rows [start, end).
struct RowRange {
  uint64_t start = 0;
  uint64_t end = 0;
  uint64_t size() const { return end - start; }
  bool operator==(const RowRange&) const = default;
};

}  // namespace lancea
