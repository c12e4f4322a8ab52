// A set of slots of one structural layer, in ascending order: the null slots, the valid slots, or
// the non-empty lists.
//
// Writers store a set as a sequence of u64; three shapes are kept:
//   nothing                     no member
//   progression                 start, start + step, ...: never materialized, however long
//   explicit                    the decoded positions themselves
// The rank of a position is the number of members below it. It turns a range of slots into a range
// of ordinals, and so into what is stored for those slots.
//
// Invariants: strictly ascending, every member below the domain it was made for.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea::v2_3 {

/// Immutable, thread-safe.
class PositionSet {
 public:
  PositionSet() = default;

  /// start, start + step, ... (`size` members), all below `domain`.
  static arrow::Result<PositionSet> Progression(uint64_t start, uint64_t step, uint64_t size,
                                                uint64_t domain);
  /// The u64 values in `positions`; Corrupt unless strictly ascending and below `domain`.
  static arrow::Result<PositionSet> Explicit(std::shared_ptr<arrow::Buffer> positions,
                                             uint64_t domain);

  uint64_t size() const { return size_; }
  bool is_progression() const { return buffer_ == nullptr; }
  uint64_t step() const { return step_; }  ///< progressions only
  uint64_t memory_bytes() const;

  /// Member number `ordinal`, which is below size().
  uint64_t At(uint64_t ordinal) const {
    return is_progression() ? start_ + step_ * ordinal : explicit_[ordinal];
  }

  /// Members below `position`. O(1) for progressions, else O(log of the distance from `hint`).
  /// \param hint  an ordinal not above the answer, for ascending sequences of calls
  uint64_t Rank(uint64_t position, uint64_t hint = 0) const;

  /// Call f(member) for members [first, last).
  template <typename F>
  void ForEach(uint64_t first, uint64_t last, F&& f) const {
    if (is_progression()) {
      uint64_t position = start_ + step_ * first;
      for (uint64_t i = first; i < last; ++i, position += step_) f(position);
    } else {
      const uint64_t* const end = explicit_ + last;
      for (const uint64_t* member = explicit_ + first; member < end; ++member) f(*member);
    }
  }

  /// Call f(begin, end) for each maximal run of neighbours among members [first, last).
  template <typename F>
  void ForEachRun(uint64_t first, uint64_t last, F&& f) const {
    if (first >= last) return;
    if (is_progression() && step_ == 1) {
      f(start_ + first, start_ + last);
      return;
    }
    uint64_t begin = At(first);
    uint64_t end = begin + 1;
    ForEach(first + 1, last, [&](uint64_t position) {
      if (position != end) {
        f(begin, end);
        begin = position;
      }
      end = position + 1;
    });
    f(begin, end);
  }

 private:
  uint64_t start_ = 0;
  uint64_t step_ = 1;
  uint64_t size_ = 0;
  std::shared_ptr<arrow::Buffer> buffer_;  // explicit positions; keeps explicit_ alive
  const uint64_t* explicit_ = nullptr;
};

}  // namespace lancea::v2_3
