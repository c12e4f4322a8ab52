// An interval, or a set, of fixed-width values.
//
// Integers of either sign, and all times and dates, are compared as they are. Floats are compared by their
// bits, read as signed integers with the lower bits of negative ones inverted, which is their total order:
//   -NaN < -inf < … < -0.0 < +0.0 < … < +inf < NaN
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace lancea {

/// Immutable, thread-safe.
class NumberCondition {
 public:
  enum class Order { kSigned, kUnsigned, kFloat };
  /// Wide enough for every value of either sign.
  using Wide = __int128;

  /// low <= value <= high; none when low > high.
  /// \param width  bytes of a value: 1, 2, 4 or 8
  /// \param low    of kFloat: places in the total order, by PlaceOf; cut to what values can be
  static NumberCondition Between(Order order, int width, Wide low, Wide high, bool negated);
  /// value is one of `values`, which are integers.
  static NumberCondition AnyOf(Order order, int width, std::vector<Wide> values, bool negated);

  /// Places of floats in the total order.
  static int64_t PlaceOf(float value);
  static int64_t PlaceOf(double value);

  int width() const { return width_; }
  /// Both hold; nullopt when that is no condition of this kind.
  std::optional<NumberCondition> And(const NumberCondition& other) const;

  /// The answer for each of `count` values, little-endian and back to back.
  void Ask(const uint8_t* values, int64_t count, uint8_t* answers) const;

  /// A value as it is compared: of kFloat its place, only of widths 4 and 8.
  static Wide WideAt(Order order, int width, const uint8_t* value);
  Wide WideOf(const uint8_t* value) const { return WideAt(order_, width_, value); }

  /// The answer that all values in [low, high] have, if they are sure to have the same. kFloat: places.
  std::optional<bool> AnswerWithin(Wide low, Wide high) const;

  Order order() const { return order_; }

  /// The answer that all values in [0, max] have, if they have the same. kFloat: nullopt.
  std::optional<bool> AnswerBelow(uint64_t max) const;

 private:
  enum class Kind { kBetween, kFew, kMap, kBits, kHashed };

  NumberCondition(Order order, int width, bool negated)
      : order_(order), width_(width), negated_(negated) {}
  template <typename T>
  void AskAs(const T* values, int64_t count, uint8_t* answers) const;

  Order order_;
  int width_;
  bool negated_;
  Kind kind_ = Kind::kBetween;
  Wide low_ = 0, high_ = -1;  // of all values that it holds for
  // kFew: the values. kMap: a byte for each from low_ to high_, and 0. kBits: a bit for each, and 0.
  // kHashed: slots of a table that has at least one free slot; `free_` is in free ones.
  std::shared_ptr<const std::vector<uint64_t>> few_, slots_;
  std::shared_ptr<const std::vector<uint8_t>> map_;
  std::shared_ptr<const std::vector<uint32_t>> bits_;
  uint64_t free_ = 0;
};

}  // namespace lancea
