#include "lancea/encoding/compress/fsst_asker.h"

#include <algorithm>
#include <string>
#include <vector>

#include "lancea/encoding/compress/variable.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// A text that codes are held against.
class CodedText {
 public:
  CodedText(const FsstTable& table, const std::string& text, bool is_prefix)
      : table_(table),
        size_(text.size()),
        is_prefix_(is_prefix),
        padded_(text + std::string(8, '\0')) {
    for (int code = 0; code < 255; ++code) {
      may_begin_[code] = Fits(static_cast<uint8_t>(code), 0) ? 1 : 0;
    }
    may_begin_[FsstTable::kEscape] = 1;
  }

  /// Whether a value whose first code is this one may match.
  uint8_t may_begin(uint8_t code) const { return may_begin_[code]; }

  bool Matches(const uint8_t* codes, uint64_t num_codes) const {
    size_t at = 0;
    for (uint64_t i = 0; i < num_codes; ++i) {
      if (is_prefix_ && at >= size_) return true;
      const uint8_t code = codes[i];
      if (code == FsstTable::kEscape) {
        // An escape at the end is for those to report who decode the value.
        if (++i == num_codes || at >= size_) return false;
        if (codes[i] != static_cast<uint8_t>(padded_[at])) return false;
        ++at;
        continue;
      }
      if (!Fits(code, at)) return false;
      at += table_.length(code);
    }
    return is_prefix_ ? at >= size_ : at == size_;
  }

 private:
  // Whether the text goes on with the symbol from `at` <= size_ on, or ends within it if it is a prefix.
  bool Fits(uint8_t code, size_t at) const {
    const size_t left = size_ - at;
    const size_t length = table_.length(code);
    if (length > left && !is_prefix_) return false;
    const size_t same = std::min(length, left);
    const uint64_t differ =
        LoadLittleEndian<uint64_t>(reinterpret_cast<const uint8_t*>(padded_.data()) + at) ^
        table_.symbol(code);
    return same == 8 ? differ == 0 : (differ & ((uint64_t{1} << (8 * same)) - 1)) == 0;
  }

  const FsstTable& table_;
  const size_t size_;
  const bool is_prefix_;
  const std::string padded_;  // eight bytes may be read at each of its places
  uint8_t may_begin_[256];
};

template <typename Offset>
class BeginningAsker : public MiniBlockAsker {
 public:
  BeginningAsker(const FsstTable& table, const TextCondition& condition)
      : text_(table, condition.text(), condition.kind() == TextCondition::Kind::kPrefix),
        no_codes_(text_.Matches(nullptr, 0) ? 1 : 0),
        negated_(condition.negated() ? 1 : 0) {}

  arrow::Status Ask(std::span<const Bytes> buffers, int64_t num_values, int64_t begin, int64_t end,
                    uint8_t* answers) override {
    const Bytes buffer = buffers[0];
    ARROW_ASSIGN_OR_RAISE(const Offset* offsets,
                          CheckMiniBlockOffsets<Offset>(buffer, num_values, begin, end, &aligned_));
    const int64_t count = end - begin;
    // Values without codes have no first one: the byte where it would be may be the buffer's end.
    const auto last = static_cast<Offset>(buffer.size() - 1);
    candidates_.resize(static_cast<size_t>(count));
    size_t num_candidates = 0;
    for (int64_t i = 0; i < count; ++i) {
      const bool empty = offsets[i] == offsets[i + 1];
      const uint8_t may = text_.may_begin(buffer[std::min(offsets[i], last)]);
      answers[i] = static_cast<uint8_t>((empty & no_codes_) ^ negated_);
      candidates_[num_candidates] = static_cast<uint32_t>(i);
      num_candidates += empty ? 0u : may;
    }
    for (size_t k = 0; k < num_candidates; ++k) {
      const uint32_t i = candidates_[k];
      const bool matches =
          text_.Matches(buffer.data() + offsets[i], uint64_t{offsets[i + 1]} - offsets[i]);
      answers[i] = static_cast<uint8_t>(matches ^ negated_);
    }
    return arrow::Status::OK();
  }

 private:
  const CodedText text_;
  const uint8_t no_codes_, negated_;
  std::vector<Offset> aligned_;
  std::vector<uint32_t> candidates_;
};

template <typename Offset>
class ChunkAsker : public MiniBlockAsker {
 public:
  ChunkAsker(const FsstTable& table, const TextCondition& condition)
      : table_(table), condition_(condition) {}

  arrow::Status Ask(std::span<const Bytes> buffers, int64_t num_values, int64_t begin, int64_t end,
                    uint8_t* answers) override {
    const Bytes buffer = buffers[0];
    ARROW_ASSIGN_OR_RAISE(const Offset* offsets,
                          CheckMiniBlockOffsets<Offset>(buffer, num_values, begin, end, &aligned_));
    const int64_t count = end - begin;
    const Bytes codes = buffer.subspan(offsets[0], offsets[count] - offsets[0]);
    if (codes.size() > FsstTable::kMaxBackToBack) {
      return Corrupt("fsst: a chunk of ", codes.size(), " bytes");
    }
    const auto room =
        static_cast<size_t>(FsstTable::MaxDecoded(static_cast<int64_t>(codes.size())));
    Grow(room, &bytes_, &num_bytes_);
    Grow(codes.size() + 1, &positions_, &num_positions_);
    ends_.resize(static_cast<size_t>(count) + 1);
    const int64_t size = table_.DecodeBackToBack(codes, bytes_.get(), positions_.get());
    bool cut = size < 0;
    if (!cut) {
      for (int64_t i = 0; i <= count; ++i) {
        ends_[static_cast<size_t>(i)] = positions_[offsets[i] - offsets[0]];
        cut |= ends_[static_cast<size_t>(i)] == FsstTable::kInsideEscape;
      }
    }
    if (cut) return Corrupt("fsst: a value ends in an escape");
    condition_.Ask(ends_.data(), count, bytes_.get(), static_cast<size_t>(size), answers);
    return arrow::Status::OK();
  }

 private:
  // Room is not zeroed.
  template <typename T>
  static void Grow(size_t wanted, std::unique_ptr<T[]>* room, size_t* size) {
    if (wanted <= *size) return;
    *room = std::make_unique_for_overwrite<T[]>(wanted);
    *size = wanted;
  }

  const FsstTable& table_;
  const TextCondition& condition_;
  std::vector<Offset> aligned_;
  std::vector<uint32_t> ends_;
  std::unique_ptr<uint8_t[]> bytes_;
  std::unique_ptr<uint32_t[]> positions_;
  size_t num_bytes_ = 0, num_positions_ = 0;
};

template <typename Offset>
std::unique_ptr<MiniBlockAsker> Make(const FsstTable& table, const TextCondition& condition) {
  if (condition.kind() == TextCondition::Kind::kEqual ||
      condition.kind() == TextCondition::Kind::kPrefix) {
    return std::make_unique<BeginningAsker<Offset>>(table, condition);
  }
  return std::make_unique<ChunkAsker<Offset>>(table, condition);
}

}  // namespace

std::unique_ptr<MiniBlockAsker> MakeFsstAsker(const FsstTable& table, uint64_t bits,
                                              const TextCondition& condition) {
  if (!table.is_on()) return nullptr;
  return bits == 32 ? Make<uint32_t>(table, condition) : Make<uint64_t>(table, condition);
}

}  // namespace lancea
