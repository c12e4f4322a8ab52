// U64 segment: a piece of a sequence of unsigned integers in one of five forms.
//
//   range              start..end                      end excluded
//   range_with_holes   start..end but for `holes`      ascending
//   range_with_bitmap  start..end, bit i of byte j (LSB first) = value start + 8j + i is there
//   sorted_array       ascending values
//   array              values in any order
//
// Arrays are a base and u16 or u32 offsets, or u64 values, little-endian. A segment is an ordered
// list: position i of a range with holes is its i-th value that is there.
// Invariants checked: start <= end; holes ascend strictly inside the range; the bitmap has
// ceil((end - start) / 8) bytes and no bit behind the end; sorted values ascend strictly; no
// overflow.  Source: rowids.proto; sequences pylance 1.0.0 and 14.0.2 wrote (the proto's comment on
// bit order is wrong: bytes F7 01 stand for 0..9 without 3).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "arrow/result.h"
#include "lancea/proto/rowids.pb.h"

namespace lancea {

/// One decoded segment. Immutable, thread-safe.
class U64Segment {
 public:
  enum class Kind { kRange, kRangeWithHoles, kRangeWithBitmap, kSortedArray, kArray };

  /// \return Corrupt when an invariant above does not hold
  static arrow::Result<U64Segment> FromProto(const lance::table::U64Segment& proto);
  static U64Segment Range(uint64_t start, uint64_t end);
  static U64Segment Array(std::vector<uint64_t> values);

  /// In the form with the fewest bytes: of strictly ascending values a range, a range with holes or
  /// bitmap, or a sorted array; else an array.
  static U64Segment FromValues(std::vector<uint64_t> values);

  lance::table::U64Segment ToProto() const;

  Kind kind() const { return kind_; }
  uint64_t num_values() const { return num_values_; }
  /// Bounds of the values, both included; of an empty segment min > max.
  uint64_t min() const { return min_; }
  uint64_t max() const { return max_; }

  /// The value at `position` < num_values(). O(1), or O(log values) with holes or bitmap.
  uint64_t Get(uint64_t position) const;

  /// Write the values at [position, position + count) to `out`; all exist.
  void Read(uint64_t position, uint64_t count, uint64_t* out) const;

  /// The position of a value. O(log values); the first call on an unsorted array sorts it.
  std::optional<uint64_t> Find(uint64_t value) const;

  uint64_t num_bytes() const;

  /// Join a range that continues this one. \return false if it does not
  bool Extend(const U64Segment& next);

 private:
  struct SortedPositions {
    std::once_flag once;
    std::vector<uint32_t> by_value;
  };

  void SetBounds();
  /// Count the bitmap's values, by blocks and in all.
  void IndexBitmap();
  bool Has(uint64_t offset) const { return (bitmap_[offset / 8] >> (offset % 8) & 1) != 0; }

  Kind kind_ = Kind::kRange;
  uint64_t num_values_ = 0;
  uint64_t min_ = 1, max_ = 0;
  uint64_t start_ = 0, end_ = 0;  ///< ranges
  std::vector<uint64_t> values_;  ///< the array, or the holes
  std::vector<uint8_t> bitmap_;
  std::vector<uint64_t> values_before_;      ///< bitmap: values before each 512-bit block
  std::shared_ptr<SortedPositions> sorted_;  ///< kArray only
};

}  // namespace lancea
