// 32-bit Roaring bitmap in its portable serialization, read as ranges of values.
//
// The values are split by their upper 16 bits (the key) into containers of up to 65,536 values:
//   u32 cookie            12346: no run containers; u32 num_containers follows
//                         12347 in the low 16 bits: num_containers - 1 in the high 16 bits, then
//                         ceil(num_containers / 8) bytes, bit i (LSB first) = container i holds
//                         runs
//   (u16 key, u16 cardinality - 1)[num_containers]
//   u32 offset[num_containers]   absent when cookie is 12347 and num_containers < 4; not needed
//   containers in order:
//     runs        u16 num_runs, then (u16 start, u16 length - 1)[num_runs]
//     cardinality <= 4096   u16[cardinality], ascending
//     else        u64[1024], bit i of the container = value i present
//
// Invariants checked: keys, values and runs ascend strictly and do not overlap; stored
// cardinalities are true; nothing is left over.  All integers little-endian. Source:
// RoaringFormatSpec; deletion files and fragment bitmaps of pylance 14.0.2. Not read through
// CRoaring, whose older releases trust the cardinalities of untrusted bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// Values [first, last], both included.
struct ValueRange {
  uint32_t first = 0;
  uint32_t last = 0;
  bool operator==(const ValueRange&) const = default;
};

/// The values as ascending ranges with gaps between them.
/// \return Corrupt when an invariant above does not hold
arrow::Result<std::vector<ValueRange>> ParseRoaringBitmap(Bytes bytes);

/// The portable bytes of ascending ranges with gaps between them; each container in its smallest
/// form.
std::string SerializeRoaringBitmap(const std::vector<ValueRange>& ranges);

/// Ascending values as ranges.
std::vector<ValueRange> RangesOfValues(std::span<const uint32_t> values);

/// The number of values in ascending ranges.
uint64_t CountValues(const std::vector<ValueRange>& ranges);

}  // namespace lancea
