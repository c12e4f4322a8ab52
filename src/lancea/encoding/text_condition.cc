#include "lancea/encoding/text_condition.h"

#include <algorithm>
#include <cstring>

#include "lancea/util/byte_reader.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

namespace lancea {
namespace {

size_t FindPlain(std::string_view bytes, std::string_view part, size_t from) {
  return bytes.find(part, from);
}

#if defined(__x86_64__) && defined(__GNUC__)
// 32 places at a time at which both the first and the last byte of `part` are right.
__attribute__((target("avx2,bmi"))) size_t FindAvx2(std::string_view bytes, std::string_view part,
                                                    size_t from) {
  const size_t size = part.size();
  const __m256i first = _mm256_set1_epi8(part.front());
  const __m256i last = _mm256_set1_epi8(part.back());
  size_t at = from;
  for (; at + size - 1 + 32 <= bytes.size(); at += 32) {
    const char* const begin = bytes.data() + at;
    const __m256i is_first =
        _mm256_cmpeq_epi8(first, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(begin)));
    const __m256i is_last = _mm256_cmpeq_epi8(
        last, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(begin + size - 1)));
    auto places = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_and_si256(is_first, is_last)));
    for (; places != 0; places &= places - 1) {
      const auto place = static_cast<size_t>(__builtin_ctz(places));
      if (std::memcmp(begin + place, part.data(), size) == 0) return at + place;
    }
  }
  return FindPlain(bytes, part, at);
}

bool HasAvx2() {
  static const bool kHas = (__builtin_cpu_init(), __builtin_cpu_supports("avx2") != 0 &&
                                                      __builtin_cpu_supports("bmi") != 0);
  return kHas;
}
#endif

std::string_view View(const uint8_t* bytes, uint64_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

size_t FindPart(std::string_view bytes, std::string_view part, size_t from) {
  if (from > bytes.size()) return std::string_view::npos;
#if defined(__x86_64__) && defined(__GNUC__)
  if (HasAvx2()) return FindAvx2(bytes, part, from);
#endif
  return FindPlain(bytes, part, from);
}

TextCondition::TextCondition(Kind kind, std::string text, bool negated)
    : kind_(kind), text_(std::move(text)), negated_(negated) {}

TextCondition TextCondition::AnyOf(std::vector<std::string> texts, bool negated) {
  TextCondition out(Kind::kAnyOf, {}, negated);
  auto set = std::make_shared<Set>();
  set->texts = std::move(texts);
  for (const std::string& text : set->texts) {
    set->lookup.insert(text);
    set->lengths |= uint64_t{1} << text.size() % 64;
    if (!text.empty()) set->begins_with[static_cast<uint8_t>(text[0])] = true;
  }
  out.set_ = std::move(set);
  return out;
}

bool TextCondition::Matches(std::string_view value) const {
  switch (kind_) {
    case Kind::kEqual:
      return value == text_;
    case Kind::kPrefix:
      return value.starts_with(text_);
    case Kind::kSuffix:
      return value.ends_with(text_);
    case Kind::kContains:
      return value.find(text_) != std::string_view::npos;
    case Kind::kAnyOf:
      if ((set_->lengths >> value.size() % 64 & 1) == 0) return false;
      if (!value.empty() && !set_->begins_with[static_cast<uint8_t>(value[0])]) return false;
      return set_->lookup.contains(value);
  }
  return false;
}

std::optional<bool> TextCondition::AnswerWithin(std::optional<std::string_view> low,
                                                std::optional<std::string_view> high) const {
  auto is_outside = [&](std::string_view text) {
    return (low.has_value() && text < *low) || (high.has_value() && text > *high);
  };
  bool none = false;
  switch (kind_) {
    case Kind::kEqual:
      none = is_outside(text_);
      break;
    case Kind::kPrefix:
      // Beyond all values with the prefix is what is greater than it and does not have it.
      none = (high.has_value() && text_ > *high) ||
             (low.has_value() && *low > text_ && !low->starts_with(text_));
      break;
    case Kind::kAnyOf:
      none = std::ranges::all_of(set_->texts, is_outside);
      break;
    case Kind::kSuffix:
    case Kind::kContains:
      break;
  }
  if (none) return negated_;
  return std::nullopt;
}

// Equality and prefix: eight bytes at once decide nearly always.
template <typename Offset>
void TextCondition::AskBeginning(const Offset* offsets, int64_t count, const uint8_t* bytes,
                                 size_t num_readable, uint8_t* answers) const {
  const uint64_t size = text_.size();
  uint64_t head = 0;
  std::memcpy(&head, text_.data(), std::min<uint64_t>(size, 8));
  const uint64_t mask = size >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * size)) - 1;
  const bool equal = kind_ == Kind::kEqual;
  // Values at the end lack eight readable bytes.
  int64_t num_wide = count;
  while (num_wide > 0 && static_cast<uint64_t>(offsets[num_wide - 1]) + 8 > num_readable) {
    --num_wide;
  }
  for (int64_t i = 0; i < num_wide; ++i) {
    const auto length = static_cast<uint64_t>(offsets[i + 1] - offsets[i]);
    const uint64_t word = LoadLittleEndian<uint64_t>(bytes + offsets[i]);
    const bool fits = equal ? length == size : length >= size;
    answers[i] = static_cast<uint8_t>(fits & (((word ^ head) & mask) == 0));
  }
  if (size > 8) {
    for (int64_t i = 0; i < num_wide; ++i) {
      if (answers[i] != 0) {
        answers[i] = std::memcmp(bytes + offsets[i] + 8, text_.data() + 8, size - 8) == 0;
      }
    }
  }
  for (int64_t i = num_wide; i < count; ++i) {
    answers[i] =
        Matches(View(bytes + offsets[i], static_cast<uint64_t>(offsets[i + 1] - offsets[i])));
  }
}

// All values are searched as one; what is found across an end does not count.
template <typename Offset>
void TextCondition::AskContains(const Offset* offsets, int64_t count, const uint8_t* bytes,
                                uint8_t* answers) const {
  if (text_.empty()) {
    std::memset(answers, 1, static_cast<size_t>(count));
    return;
  }
  std::memset(answers, 0, static_cast<size_t>(count));
  const std::string_view all = View(bytes, static_cast<uint64_t>(offsets[count]));
  int64_t i = 0;
  for (auto from = static_cast<size_t>(offsets[0]);;) {
    const size_t at = FindPart(all, text_, from);
    if (at == std::string_view::npos) return;
    while (static_cast<size_t>(offsets[i + 1]) <= at) ++i;
    const auto end = static_cast<size_t>(offsets[i + 1]);
    if (at + text_.size() <= end) {
      answers[i] = 1;
      from = end;
    } else {
      from = at + 1;
    }
  }
}

template <typename Offset>
void TextCondition::Ask(const Offset* offsets, int64_t count, const uint8_t* bytes,
                        size_t num_readable, uint8_t* answers) const {
  if (count == 0) return;
  switch (kind_) {
    case Kind::kEqual:
    case Kind::kPrefix:
      AskBeginning(offsets, count, bytes, num_readable, answers);
      break;
    case Kind::kContains:
      AskContains(offsets, count, bytes, answers);
      break;
    default:
      for (int64_t i = 0; i < count; ++i) {
        answers[i] =
            Matches(View(bytes + offsets[i], static_cast<uint64_t>(offsets[i + 1] - offsets[i])));
      }
  }
  if (negated_) {
    for (int64_t i = 0; i < count; ++i) answers[i] ^= 1;
  }
}

template void TextCondition::Ask(const int32_t*, int64_t, const uint8_t*, size_t, uint8_t*) const;
template void TextCondition::Ask(const int64_t*, int64_t, const uint8_t*, size_t, uint8_t*) const;
template void TextCondition::Ask(const uint32_t*, int64_t, const uint8_t*, size_t, uint8_t*) const;
template void TextCondition::Ask(const uint64_t*, int64_t, const uint8_t*, size_t, uint8_t*) const;

}  // namespace lancea
