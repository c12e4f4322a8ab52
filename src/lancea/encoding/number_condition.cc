#include "lancea/encoding/number_condition.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

namespace lancea {
namespace {

// So many values are compared one after another with as many at a time as a register holds.
constexpr size_t kFewValues = 8;
// Widest interval of which each value has a byte (they stay in the first cache), or a bit.
constexpr NumberCondition::Wide kMaxMap = 16 << 10;
constexpr NumberCondition::Wide kMaxBits = NumberCondition::Wide{1} << 23;

template <typename T>
T PlaceOfFloat(T bits) {
  using Signed = std::make_signed_t<T>;
  constexpr int kShift = sizeof(T) * 8 - 1;
  return static_cast<T>(bits ^
                        static_cast<T>(static_cast<T>(static_cast<Signed>(bits) >> kShift) >> 1));
}

// 1 where value - low <= span, in T's arithmetic.
template <bool is_float, typename T>
inline __attribute__((always_inline)) void AskBetween(const T* values, int64_t count, T low, T span,
                                                      uint8_t negated, uint8_t* answers) {
  for (int64_t i = 0; i < count; ++i) {
    const T value = is_float ? PlaceOfFloat(values[i]) : values[i];
    answers[i] = static_cast<uint8_t>(
        (static_cast<T>(value - low) <= span ? uint8_t{1} : uint8_t{0}) ^ negated);
  }
}

template <typename T>
inline __attribute__((always_inline)) void AskFew(const T* values, int64_t count, const T* few,
                                                  size_t num_few, uint8_t negated,
                                                  uint8_t* answers) {
  constexpr int64_t kBlock = 1024;
  for (int64_t at = 0; at < count; at += kBlock) {
    const int64_t here = std::min(kBlock, count - at);
    const T* const from = values + at;
    uint8_t* const to = answers + at;
    for (int64_t i = 0; i < here; ++i) to[i] = negated;
    for (size_t k = 0; k < num_few; ++k) {
      const T one = few[k];
      for (int64_t i = 0; i < here; ++i) to[i] ^= from[i] == one ? uint8_t{1} : uint8_t{0};
    }
  }
}

#if defined(__x86_64__) && defined(__GNUC__)
// The same source compiled for 256-bit registers, chosen at run time.
template <bool is_float, typename T>
__attribute__((target("avx2"))) void AskBetweenAvx2(const T* values, int64_t count, T low, T span,
                                                    uint8_t negated, uint8_t* answers) {
  AskBetween<is_float>(values, count, low, span, negated, answers);
}
template <typename T>
__attribute__((target("avx2"))) void AskFewAvx2(const T* values, int64_t count, const T* few,
                                                size_t num_few, uint8_t negated, uint8_t* answers) {
  AskFew(values, count, few, num_few, negated, answers);
}
bool HasAvx2() {
  static const bool kHas = (__builtin_cpu_init(), __builtin_cpu_supports("avx2"));
  return kHas;
}
#else
template <bool is_float, typename T>
void AskBetweenAvx2(const T* values, int64_t count, T low, T span, uint8_t negated,
                    uint8_t* answers) {
  AskBetween<is_float>(values, count, low, span, negated, answers);
}
template <typename T>
void AskFewAvx2(const T* values, int64_t count, const T* few, size_t num_few, uint8_t negated,
                uint8_t* answers) {
  AskFew(values, count, few, num_few, negated, answers);
}
bool HasAvx2() { return false; }
#endif

size_t SlotOf(uint64_t value, size_t num_slots) {
  return static_cast<size_t>((value * 0x9E3779B97F4A7C15u) >> 32) & (num_slots - 1);
}

uint64_t Truncated(NumberCondition::Wide value, int width) {
  const auto bits = static_cast<uint64_t>(value);
  return width == 8 ? bits : bits & ((uint64_t{1} << (8 * width)) - 1);
}

}  // namespace

int64_t NumberCondition::PlaceOf(float value) {
  return static_cast<int32_t>(PlaceOfFloat(std::bit_cast<uint32_t>(value)));
}

int64_t NumberCondition::PlaceOf(double value) {
  return static_cast<int64_t>(PlaceOfFloat(std::bit_cast<uint64_t>(value)));
}

NumberCondition NumberCondition::Between(Order order, int width, Wide low, Wide high,
                                         bool negated) {
  NumberCondition out(order, width, negated);
  const bool is_unsigned = order == Order::kUnsigned;
  const Wide end = Wide{1} << (8 * width - (is_unsigned ? 0 : 1));
  out.low_ = std::max(low, is_unsigned ? Wide{0} : -end);
  out.high_ = std::min(high, end - 1);
  return out;
}

NumberCondition NumberCondition::AnyOf(Order order, int width, const std::vector<Wide>& values,
                                       bool negated) {
  NumberCondition out(order, width, negated);
  std::vector<Wide> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  if (sorted.empty()) return out;
  out.low_ = sorted.front();
  out.high_ = sorted.back();
  const Wide span = out.high_ - out.low_ + 1;
  if (span == static_cast<Wide>(sorted.size())) return out;  // an interval
  if (sorted.size() <= kFewValues) {
    out.kind_ = Kind::kFew;
    std::vector<uint64_t> few;
    few.reserve(sorted.size());
    for (const Wide value : sorted) few.push_back(Truncated(value, width));
    out.few_ = std::make_shared<const std::vector<uint64_t>>(std::move(few));
    return out;
  }
  if (span <= kMaxBits) {
    const bool bytes = span <= kMaxMap;
    out.kind_ = bytes ? Kind::kMap : Kind::kBits;
    // One entry more, never set, for what lies outside.
    std::vector<uint8_t> map(static_cast<size_t>(bytes ? span + 1 : span / 8 + 1));
    for (const Wide value : sorted) {
      const auto at = static_cast<size_t>(value - out.low_);
      if (bytes) {
        map[at] = 1;
      } else {
        map[at / 8] = static_cast<uint8_t>(map[at / 8] | 1 << at % 8);
      }
    }
    out.map_ = std::make_shared<const std::vector<uint8_t>>(std::move(map));
    return out;
  }
  out.kind_ = Kind::kHashed;
  std::vector<uint64_t> numbers;
  numbers.reserve(sorted.size());
  for (const Wide value : sorted) numbers.push_back(Truncated(value, width));
  std::sort(numbers.begin(), numbers.end());
  for (const uint64_t number : numbers) out.free_ += number == out.free_ ? 1 : 0;
  std::vector<uint64_t> slots(std::bit_ceil(numbers.size() * 2), out.free_);
  for (const uint64_t number : numbers) {
    size_t slot = SlotOf(number, slots.size());
    while (slots[slot] != out.free_) slot = (slot + 1) & (slots.size() - 1);
    slots[slot] = number;
  }
  out.slots_ = std::make_shared<const std::vector<uint64_t>>(std::move(slots));
  return out;
}

std::optional<NumberCondition> NumberCondition::And(const NumberCondition& other) const {
  if (kind_ != Kind::kBetween || other.kind_ != Kind::kBetween || negated_ || other.negated_ ||
      width_ != other.width_ || order_ != other.order_) {
    return std::nullopt;
  }
  return Between(order_, width_, std::max(low_, other.low_), std::min(high_, other.high_), false);
}

template <typename T>
void NumberCondition::AskAs(const T* values, int64_t count, uint8_t* answers) const {
  const uint8_t negated = negated_ ? 1 : 0;
  if (low_ > high_) {
    std::memset(answers, negated, static_cast<size_t>(count));
    return;
  }
  const T low = static_cast<T>(low_);
  const T span = static_cast<T>(high_ - low_);
  switch (kind_) {
    case Kind::kBetween:
      if (order_ == Order::kFloat) {
        (HasAvx2() ? &AskBetweenAvx2<true, T> : &AskBetween<true, T>)(values, count, low, span,
                                                                      negated, answers);
      } else {
        (HasAvx2() ? &AskBetweenAvx2<false, T> : &AskBetween<false, T>)(values, count, low, span,
                                                                        negated, answers);
      }
      break;
    case Kind::kFew: {
      T few[kFewValues];
      for (size_t k = 0; k < few_->size(); ++k) few[k] = static_cast<T>((*few_)[k]);
      (HasAvx2() ? &AskFewAvx2<T> : &AskFew<T>)(values, count, few, few_->size(), negated, answers);
      break;
    }
    case Kind::kMap: {
      const uint8_t* const map = map_->data();
      const uint64_t outside = map_->size() - 1;
      for (int64_t i = 0; i < count; ++i) {
        const uint64_t at = std::min<uint64_t>(static_cast<T>(values[i] - low), outside);
        answers[i] = map[at] ^ negated;
      }
      break;
    }
    case Kind::kBits: {
      const uint8_t* const map = map_->data();
      for (int64_t i = 0; i < count; ++i) {
        const T at = static_cast<T>(values[i] - low);
        const bool inside = at <= span;
        const uint64_t bit = inside ? at : 0;
        answers[i] = static_cast<uint8_t>((inside & (map[bit / 8] >> bit % 8 & 1)) ^ negated);
      }
      break;
    }
    case Kind::kHashed: {
      const std::vector<uint64_t>& slots = *slots_;
      for (int64_t i = 0; i < count; ++i) {
        const uint64_t value = values[i];
        size_t slot = SlotOf(value, slots.size());
        while (slots[slot] != value && slots[slot] != free_) slot = (slot + 1) & (slots.size() - 1);
        const bool found = slots[slot] == value && value != free_;
        answers[i] = static_cast<uint8_t>(found ^ negated);
      }
      break;
    }
  }
}

void NumberCondition::Ask(const uint8_t* values, int64_t count, uint8_t* answers) const {
  if (reinterpret_cast<uintptr_t>(values) % static_cast<unsigned>(width_) != 0) {
    // Where a read of neighbouring bytes began at an odd place.
    alignas(8) uint8_t aligned[8 << 10];
    const int64_t most = static_cast<int64_t>(sizeof aligned) / width_;
    for (int64_t at = 0; at < count; at += most) {
      const int64_t here = std::min(most, count - at);
      std::memcpy(aligned, values + at * width_, static_cast<size_t>(here * width_));
      Ask(aligned, here, answers + at);
    }
    return;
  }
  switch (width_) {
    case 1:
      return AskAs(values, count, answers);
    case 2:
      return AskAs(reinterpret_cast<const uint16_t*>(values), count, answers);
    case 4:
      return AskAs(reinterpret_cast<const uint32_t*>(values), count, answers);
    default:
      return AskAs(reinterpret_cast<const uint64_t*>(values), count, answers);
  }
}

std::optional<bool> NumberCondition::AnswerBelow(uint64_t max) const {
  if (order_ == Order::kFloat) return std::nullopt;
  // Beyond it the sign bit may be set.
  if (order_ == Order::kSigned && max >> (8 * width_ - 1) != 0) return std::nullopt;
  return AnswerWithin(0, static_cast<Wide>(max));
}

std::optional<bool> NumberCondition::AnswerWithin(Wide low, Wide high) const {
  if (low_ > high_ || high_ < low || low_ > high) return negated_;
  if (kind_ == Kind::kBetween && low_ <= low && high_ >= high) return !negated_;
  return std::nullopt;
}

NumberCondition::Wide NumberCondition::WideOf(const uint8_t* value) const {
  uint64_t bits = 0;
  std::memcpy(&bits, value, static_cast<size_t>(width_));
  if (order_ == Order::kUnsigned) return static_cast<Wide>(bits);
  if (order_ == Order::kFloat) {
    return width_ == 8 ? PlaceOf(std::bit_cast<double>(bits))
                       : PlaceOf(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  }
  const int unused = 64 - 8 * width_;
  return static_cast<int64_t>(bits << unused) >> unused;
}

}  // namespace lancea
