#include "lancea/exec/selection.h"

#include <algorithm>
#include <bit>

#include "arrow/array/array_primitive.h"
#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"
#include "lancea/util/byte_reader.h"

namespace lancea {
namespace {

// Bits [offset, offset + 64) of a bitmap of `size` bytes; those it lacks are 0.
uint64_t BitsAt(const uint8_t* bits, int64_t size, int64_t offset) {
  const int64_t byte = offset / 8;
  const int shift = static_cast<int>(offset % 8);
  uint64_t low = 0;
  if (byte + 8 <= size) {
    low = LoadLittleEndian<uint64_t>(bits + byte);
  } else {
    for (int64_t i = byte; i < size; ++i) low |= uint64_t{bits[i]} << (8 * (i - byte));
  }
  if (shift == 0) return low;
  const uint64_t high = byte + 8 < size ? bits[byte + 8] : 0;
  return low >> shift | high << (64 - shift);
}

// Whether each of up to 64 answers from `at` on is true.
class Answers {
 public:
  explicit Answers(const arrow::BooleanArray& answers)
      : offset_(answers.offset()),
        values_(*answers.values()),
        validity_(answers.null_count() > 0 ? answers.null_bitmap().get() : nullptr) {}

  uint64_t From(int64_t at) const {
    const uint64_t bits = BitsAt(values_.data(), values_.size(), offset_ + at);
    if (validity_ == nullptr) return bits;
    return bits & BitsAt(validity_->data(), validity_->size(), offset_ + at);
  }

 private:
  const int64_t offset_;
  const arrow::Buffer& values_;
  const arrow::Buffer* const validity_;
};

int64_t CountBits(const std::vector<uint64_t>& words) {
  int64_t count = 0;
  for (const uint64_t word : words) count += std::popcount(word);
  return count;
}

#if defined(__x86_64__) && defined(__GNUC__)
// One instruction per word instead of a call; chosen at run time.
__attribute__((target("popcnt"))) int64_t CountBitsPopcnt(const std::vector<uint64_t>& words) {
  int64_t count = 0;
  for (const uint64_t word : words) count += __builtin_popcountll(word);
  return count;
}

int64_t CountBitsQuickly(const std::vector<uint64_t>& words) {
  static const bool kHas = (__builtin_cpu_init(), __builtin_cpu_supports("popcnt"));
  return kHas ? CountBitsPopcnt(words) : CountBits(words);
}
#else
int64_t CountBitsQuickly(const std::vector<uint64_t>& words) { return CountBits(words); }
#endif

uint64_t LowBits(int64_t n) { return n >= 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1; }

}  // namespace

Selection::Selection(int64_t num_rows)
    : num_rows_(num_rows),
      count_(num_rows),
      words_(static_cast<size_t>((num_rows + 63) / 64), ~uint64_t{0}) {
  if (num_rows % 64 != 0) words_.back() = LowBits(num_rows % 64);
}

void Selection::Clear() {
  std::fill(words_.begin(), words_.end(), 0);
  count_ = 0;
}

void Selection::And(const Selection& other) {
  for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
  Count();
}

void Selection::Or(const Selection& other) {
  for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  Count();
}

void Selection::Count() { count_ = CountBitsQuickly(words_); }

void Selection::Keep(int64_t begin, const arrow::BooleanArray& answers) {
  if (answers.length() == 0) return;
  const Answers from(answers);
  const int64_t end = begin + answers.length();
  for (int64_t at = begin; at < end;) {
    const int64_t bit = at % 64;
    const int64_t here = std::min(64 - bit, end - at);
    const uint64_t mask = LowBits(here) << bit;
    words_[static_cast<size_t>(at / 64)] &= (from.From(at - begin) << bit) | ~mask;
    at += here;
  }
  Count();
}

void Selection::KeepOfLeft(const Selection& of_left) {
  size_t next = 0;  // row of `of_left`
  for (uint64_t& word : words_) {
    uint64_t kept = 0;
    for (uint64_t left = word; left != 0; left &= left - 1, ++next) {
      if (of_left.words_[next / 64] >> (next % 64) & 1) kept |= left & -left;
    }
    word = kept;
  }
  Count();
}

int64_t Selection::num_runs() const {
  int64_t runs = 0;
  uint64_t last = 0;  // the last row of the word before
  for (const uint64_t word : words_) {
    runs += std::popcount(word & ~(word << 1 | last));
    last = word >> 63;
  }
  return runs;
}

std::vector<uint32_t> Selection::Positions() const {
  std::vector<uint32_t> out(static_cast<size_t>(count_));
  uint32_t* to = out.data();
  for (size_t i = 0; i < words_.size(); ++i) {
    for (uint64_t word = words_[i]; word != 0; word &= word - 1) {
      *to++ = static_cast<uint32_t>(i * 64) + static_cast<uint32_t>(std::countr_zero(word));
    }
  }
  return out;
}

std::vector<RowRange> Selection::Pick(std::span<const RowRange> ranges) const {
  if (all()) return {ranges.begin(), ranges.end()};
  std::vector<RowRange> out;
  auto range = ranges.begin();
  uint64_t before = 0;  // rows in the ranges before `range`
  auto add = [&](uint64_t begin, uint64_t end) {
    while (begin < end) {
      while (begin >= before + range->size()) before += (range++)->size();
      const uint64_t stop = std::min(end, before + range->size());
      const RowRange piece{range->start + (begin - before), range->start + (stop - before)};
      if (!out.empty() && out.back().end == piece.start) {
        out.back().end = piece.end;
      } else {
        out.push_back(piece);
      }
      begin = stop;
    }
  };
  for (size_t i = 0; i < words_.size(); ++i) {
    uint64_t word = words_[i];
    while (word != 0) {
      const int first = std::countr_zero(word);
      const int length = std::countr_one(word >> first);
      add(i * 64 + static_cast<uint64_t>(first), i * 64 + static_cast<uint64_t>(first + length));
      if (first + length == 64) break;
      word &= ~uint64_t{0} << (first + length);
    }
  }
  return out;
}

}  // namespace lancea
