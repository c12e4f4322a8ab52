// How many values few bytes may stand for.
//
// Constants, nulls, runs, ranges and packings of width 0 store next to nothing, so the bytes of a page do not
// bear out how many values it claims. Rows that a caller asks for are his to choose; what multiplies or stands
// behind them (items of lists, dictionaries, offsets) is believed up to here, and beyond it only as
// far as general compression could have shrunk it.
#pragma once

#include <cstdint>

#include "lancea/encoding/column_info.h"

namespace lancea {

/// Far above what writers put in one page, and 1 GiB of 8-byte values.
constexpr uint64_t kMaxUnbackedValues = uint64_t{1} << 27;

/// Values that `num_bytes` stored bytes may stand for.
constexpr uint64_t MostValues(uint64_t num_bytes) {
  constexpr uint64_t kMaxValuesPerByte = 1024;
  return kMaxUnbackedValues + num_bytes * kMaxValuesPerByte;
}

inline uint64_t MostValues(const PageInfo& page) {
  uint64_t num_bytes = 0;
  for (const ByteRange& buffer : page.buffers) num_bytes += buffer.length;
  return MostValues(num_bytes);
}

}  // namespace lancea
