#include "lancea/encoding/number_condition.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

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

// Eight words of the map at a time. Returns how many values were asked.
__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl"))) int64_t AskBitsAvx512(
    const uint64_t* values, int64_t count, uint64_t low, uint64_t span, const uint32_t* map,
    uint8_t negated, uint8_t* answers) {
  // With masks: GCC 12 takes the registers that the plain forms leave undefined for a mistake.
  constexpr __mmask8 kAll = 0xFF;
  const __m512i lows = _mm512_set1_epi64(static_cast<int64_t>(low));
  const __m512i outside = _mm512_set1_epi64(static_cast<int64_t>(span + 1));
  const __m256i ones = _mm256_set1_epi32(1), flips = _mm256_set1_epi32(negated);
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m512i at = _mm512_maskz_min_epu64(
        kAll, _mm512_sub_epi64(_mm512_loadu_si512(values + i), lows), outside);
    const __m256i bit = _mm512_maskz_cvtepi64_epi32(kAll, at);
    const __m256i word =
        _mm256_i32gather_epi32(reinterpret_cast<const int*>(map), _mm256_srli_epi32(bit, 5), 4);
    const __m256i answer = _mm256_xor_si256(
        _mm256_and_si256(_mm256_srlv_epi32(word, _mm256_and_si256(bit, _mm256_set1_epi32(31))),
                         ones),
        flips);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(answers + i),
                     _mm256_maskz_cvtepi32_epi8(kAll, answer));
  }
  return i;
}
bool HasAvx512() {
  static const bool kHas = (__builtin_cpu_init(), __builtin_cpu_supports("avx512f") &&
                                                      __builtin_cpu_supports("avx512dq") &&
                                                      __builtin_cpu_supports("avx512bw") &&
                                                      __builtin_cpu_supports("avx512vl"));
  return kHas;
}
#else
int64_t AskBitsAvx512(const uint64_t*, int64_t, uint64_t, uint64_t, const uint32_t*, uint8_t,
                      uint8_t*) {
  return 0;
}
bool HasAvx512() { return false; }
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

NumberCondition NumberCondition::AnyOf(Order order, int width, std::vector<Wide> values,
                                       bool negated) {
  NumberCondition out(order, width, negated);
  if (values.empty()) return out;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  out.low_ = *low;
  out.high_ = *high;
  const Wide span = out.high_ - out.low_ + 1;
  if (span <= kMaxBits && values.size() > kFewValues) {
    Wide num_different = 0;
    // One entry more, never set, for what lies outside.
    if (span <= kMaxMap) {
      out.kind_ = Kind::kMap;
      std::vector<uint8_t> map(static_cast<size_t>(span + 1));
      for (const Wide value : values) {
        uint8_t& entry = map[static_cast<size_t>(value - out.low_)];
        num_different += entry == 0 ? 1 : 0;
        entry = 1;
      }
      out.map_ = std::make_shared<const std::vector<uint8_t>>(std::move(map));
    } else {
      out.kind_ = Kind::kBits;
      std::vector<uint32_t> bits(static_cast<size_t>(span / 32 + 1));
      for (const Wide value : values) {
        const auto at = static_cast<size_t>(value - out.low_);
        const uint32_t bit = uint32_t{1} << at % 32;
        num_different += (bits[at / 32] & bit) == 0 ? 1 : 0;
        bits[at / 32] |= bit;
      }
      out.bits_ = std::make_shared<const std::vector<uint32_t>>(std::move(bits));
    }
    if (num_different == span) out.kind_ = Kind::kBetween;
    return out;
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  if (span == static_cast<Wide>(values.size())) return out;  // an interval
  std::vector<uint64_t> numbers;
  numbers.reserve(values.size());
  for (const Wide value : values) numbers.push_back(Truncated(value, width));
  if (numbers.size() <= kFewValues) {
    out.kind_ = Kind::kFew;
    out.few_ = std::make_shared<const std::vector<uint64_t>>(std::move(numbers));
    return out;
  }
  out.kind_ = Kind::kHashed;
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
      const uint32_t* const map = bits_->data();
      int64_t i = 0;
      if constexpr (sizeof(T) == 8) {
        if (HasAvx512()) i = AskBitsAvx512(values, count, low, span, map, negated, answers);
      }
      const uint64_t outside = uint64_t{span} + 1;
      for (; i < count; ++i) {
        const uint64_t bit = std::min<uint64_t>(static_cast<T>(values[i] - low), outside);
        answers[i] = static_cast<uint8_t>((map[bit / 32] >> bit % 32 & 1) ^ negated);
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

NumberCondition::Wide NumberCondition::WideAt(Order order, int width, const uint8_t* value) {
  uint64_t bits = 0;
  std::memcpy(&bits, value, static_cast<size_t>(width));
  if (order == Order::kUnsigned) return static_cast<Wide>(bits);
  if (order == Order::kFloat) {
    return width == 8 ? PlaceOf(std::bit_cast<double>(bits))
                      : PlaceOf(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  }
  const int unused = 64 - 8 * width;
  return static_cast<int64_t>(bits << unused) >> unused;
}

}  // namespace lancea
