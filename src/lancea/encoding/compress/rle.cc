#include "lancea/encoding/compress/rle.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "lancea/encoding/compress/general.h"
#include "lancea/encoding/compress/make_decoder.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Blocks of more values than this cannot be real: a page holds at most 2^32 - 1.
constexpr int64_t kMaxBlockValues = int64_t{1} << 32;

struct Runs {
  Bytes values;
  Bytes lengths;
  uint64_t num_runs = 0;
};

template <typename Length>
uint64_t LoadLength(const uint8_t* lengths, uint64_t run) {
  return LoadLittleEndian<Length>(lengths + run * sizeof(Length));
}

// Lengths of 16 and 32 bits may claim any number of values; 8-bit lengths claim 255 a byte at most.
constexpr int64_t kMaxClaimedValues = int64_t{1} << 26;

// Append values [begin, end) of the expansion.
template <typename Value, typename Length>
arrow::Status Expand(const Runs& runs, int64_t begin, int64_t end, bool exact, ValueBuilder* out) {
  const uint8_t* const values = runs.values.data();
  const uint8_t* const lengths = runs.lengths.data();
  // Lengths first: values that no run spells take no memory, and the loops below need no checks.
  // Two loops, each of which the compiler turns into wide instructions.
  uint64_t total = 0;
  for (uint64_t run = 0; run < runs.num_runs; ++run) total += LoadLength<Length>(lengths, run);
  Length shortest = std::numeric_limits<Length>::max();
  for (uint64_t run = 0; run < runs.num_runs; ++run) {
    shortest = std::min(shortest, LoadLittleEndian<Length>(lengths + run * sizeof(Length)));
  }
  if (shortest == 0) return Corrupt("rle: a run has no length");
  if (total < static_cast<uint64_t>(end) || (exact && total != static_cast<uint64_t>(end)) ||
      end > std::max(kMaxClaimedValues, static_cast<int64_t>(runs.num_runs) * 255)) {
    return Corrupt("rle: ", runs.num_runs, " runs sum to ", total, ", expected ", end);
  }

  ARROW_ASSIGN_OR_RAISE(uint8_t * bytes, out->AppendFixed(end - begin));
  Value* to = reinterpret_cast<Value*>(bytes);
  Value* const limit = to + (end - begin);
  uint64_t run = 0;
  int64_t skip = begin;  // values of the first run that are not asked for
  while (true) {
    const int64_t length = static_cast<int64_t>(LoadLength<Length>(lengths, run));
    if (length > skip) break;
    skip -= length;
    ++run;
  }
  // Most runs are short: a splat of 32 bytes without a loop, the excess is overwritten by the next run.
  constexpr int64_t kSplat = 32 / sizeof(Value);
  auto append_exactly = [&] {
    const Value value = LoadLittleEndian<Value>(values + run * sizeof(Value));
    const int64_t length = static_cast<int64_t>(LoadLength<Length>(lengths, run++)) - skip;
    skip = 0;
    to = std::fill_n(to, std::min(length, limit - to), value);
  };
  append_exactly();
  while (limit - to > kSplat) {
    const int64_t length = static_cast<int64_t>(LoadLength<Length>(lengths, run));
    if (length > kSplat) {
      append_exactly();
      continue;
    }
    const Value value = LoadLittleEndian<Value>(values + run++ * sizeof(Value));
    for (int64_t i = 0; i < kSplat; ++i) to[i] = value;
    to += length;
  }
  while (to < limit) append_exactly();
  return arrow::Status::OK();
}

template <typename Value>
arrow::Status ExpandAny(uint64_t length_bits, const Runs& runs, int64_t begin, int64_t end,
                        bool exact, ValueBuilder* out) {
  switch (length_bits) {
    case 8:
      return Expand<Value, uint8_t>(runs, begin, end, exact, out);
    case 16:
      return Expand<Value, uint16_t>(runs, begin, end, exact, out);
    case 32:
      return Expand<Value, uint32_t>(runs, begin, end, exact, out);
    default:
      return Corrupt("rle: run lengths of ", length_bits, " bits");
  }
}

// What both positions share: the two children.
class RleChildren {
 public:
  static arrow::Result<RleChildren> Make(const EncodingMessage& message, int depth) {
    RleChildren out;
    ARROW_ASSIGN_OR_RAISE(out.values_,
                          MakeBlockDecoder(message.rle().values(), depth + kScratchDepth));
    ARROW_ASSIGN_OR_RAISE(out.lengths_,
                          MakeBlockDecoder(message.rle().run_lengths(), depth + kScratchDepth));
    out.values_flat_ = IsFlat(message.rle().values());
    out.lengths_flat_ = IsFlat(message.rle().run_lengths());
    out.value_bits_ = out.values_->shape().bits_per_value;
    out.length_bits_ = out.lengths_->shape().bits_per_value;
    const uint64_t v = out.value_bits_, l = out.length_bits_;
    if ((v != 8 && v != 16 && v != 32 && v != 64) || (l != 8 && l != 16 && l != 32)) {
      return Corrupt("rle of ", v, "-bit values with ", l, "-bit lengths");
    }
    ARROW_ASSIGN_OR_RAISE(out.values_scheme_, SchemeOfFlat(message.rle().values()));
    ARROW_ASSIGN_OR_RAISE(out.lengths_scheme_, SchemeOfFlat(message.rle().run_lengths()));
    const EncodingMessage& lengths = message.rle().run_lengths();
    if (lengths.has_constant()) {
      uint32_t length = 0;
      std::memcpy(&length, lengths.constant().value().data(), l / 8);
      out.described_lengths_ = {length, 0};
    } else if (lengths.has_range()) {
      out.described_lengths_ = {lengths.range().start(), lengths.range().step()};
    }
    return out;
  }

  uint64_t value_bits() const { return value_bits_; }
  const BlockDecoder& values() const { return *values_; }
  const BlockDecoder& lengths() const { return *lengths_; }

  // Append, for each of values [begin, end), a byte with its run's answer.
  arrow::Status Ask(const NumberCondition& condition, Bytes values, Bytes lengths, int64_t begin,
                    int64_t end, ValueBuilder* out) const {
    if (begin == end) return arrow::Status::OK();
    ValueBuilder value_scratch = ValueBuilder::Fixed(value_bits_, out->pool());
    ValueBuilder length_scratch = ValueBuilder::Fixed(length_bits_, out->pool());
    ARROW_ASSIGN_OR_RAISE(Runs runs,
                          FindRuns(values, lengths, end, &value_scratch, &length_scratch));
    std::vector<uint8_t> answers(runs.num_runs);
    condition.Ask(runs.values.data(), static_cast<int64_t>(runs.num_runs), answers.data());
    runs.values = answers;
    return ExpandAny<uint8_t>(length_bits_, runs, begin, end, /*exact=*/false, out);
  }

  arrow::Status Decode(Bytes values, Bytes lengths, int64_t begin, int64_t end, bool exact,
                       ValueBuilder* out) const {
    if (begin == end) return arrow::Status::OK();
    ValueBuilder value_scratch = ValueBuilder::Fixed(value_bits_, out->pool());
    ValueBuilder length_scratch = ValueBuilder::Fixed(length_bits_, out->pool());
    ARROW_ASSIGN_OR_RAISE(const Runs runs,
                          FindRuns(values, lengths, end, &value_scratch, &length_scratch));
    switch (value_bits_) {
      case 8:
        return ExpandAny<uint8_t>(length_bits_, runs, begin, end, exact, out);
      case 16:
        return ExpandAny<uint16_t>(length_bits_, runs, begin, end, exact, out);
      case 32:
        return ExpandAny<uint32_t>(length_bits_, runs, begin, end, exact, out);
      default:
        return ExpandAny<uint64_t>(length_bits_, runs, begin, end, exact, out);
    }
  }

 private:
  using Scheme = std::optional<CompressionScheme>;

  // The children decoded, where they are not plain into the scratch memory.
  arrow::Result<Runs> FindRuns(Bytes values, Bytes lengths, int64_t end,
                               ValueBuilder* value_scratch, ValueBuilder* length_scratch) const {
    Runs runs;
    ARROW_ASSIGN_OR_RAISE(runs.num_runs, CountRuns(values, lengths, end));
    ARROW_ASSIGN_OR_RAISE(runs.values, Plain(*values_, values_flat_, values, runs.num_runs,
                                             value_bits_, value_scratch));
    ARROW_ASSIGN_OR_RAISE(runs.lengths, Plain(*lengths_, lengths_flat_, lengths, runs.num_runs,
                                              length_bits_, length_scratch));
    return runs;
  }

  // Set when a child is plain values compressed, whose number its payload tells.
  static arrow::Result<Scheme> SchemeOfFlat(const EncodingMessage& message) {
    if (!message.has_general() || !message.general().values().has_flat()) return Scheme();
    ARROW_ASSIGN_OR_RAISE(CompressionScheme scheme, ParseScheme(message));
    return Scheme(scheme);
  }

  // The first child that tells its number of values tells the number of runs.
  arrow::Result<uint64_t> CountRuns(Bytes values, Bytes lengths, int64_t num_values) const {
    if (lengths_flat_) return lengths.size() / (length_bits_ / 8);
    if (values_flat_) return values.size() / (value_bits_ / 8);
    if (described_lengths_) return CountDescribed(static_cast<uint64_t>(num_values));
    if (values_scheme_) {
      ARROW_ASSIGN_OR_RAISE(uint64_t size, UncompressedSize(*values_scheme_, values));
      return size / (value_bits_ / 8);
    }
    if (lengths_scheme_) {
      ARROW_ASSIGN_OR_RAISE(uint64_t size, UncompressedSize(*lengths_scheme_, lengths));
      return size / (length_bits_ / 8);
    }
    return Unsupported("rle whose run count follows from neither of its buffers");
  }

  // Lengths start, start + step, ... come to num_values after how many?
  arrow::Result<uint64_t> CountDescribed(uint64_t num_values) const {
    const auto [start, step] = *described_lengths_;
    if (step == 0 && start != 0 && num_values % start == 0) return num_values / start;
    uint64_t count = 0;
    uint64_t left = num_values;
    // Ascending lengths come to num_values after about its square root of them.
    for (uint64_t length = start; step != 0 && length != 0 && length <= left; length += step) {
      left -= length;
      if (++count; left == 0) return count;
    }
    return Corrupt("rle: run lengths from ", start, " by ", step, " do not come to ", num_values);
  }

  static bool IsFlat(const EncodingMessage& message) { return message.has_flat(); }

  static arrow::Result<Bytes> Plain(const BlockDecoder& decoder, bool flat, Bytes bytes,
                                    uint64_t num_runs, uint64_t bits, ValueBuilder* scratch) {
    if (flat) {
      if (bytes.size() != num_runs * (bits / 8)) {
        return Corrupt("rle: ", bytes.size(), " bytes for ", num_runs, " runs of ", bits, " bits");
      }
      return bytes;
    }
    ARROW_RETURN_NOT_OK(decoder.Decode(bytes, static_cast<int64_t>(num_runs), scratch));
    if (scratch->num_values() != static_cast<int64_t>(num_runs)) {
      return Corrupt("rle: decoded ", scratch->num_values(), " of ", num_runs, " runs");
    }
    return Bytes(scratch->data(), num_runs * (bits / 8));
  }

  std::unique_ptr<BlockDecoder> values_, lengths_;
  bool values_flat_ = false, lengths_flat_ = false;
  Scheme values_scheme_, lengths_scheme_;
  std::optional<std::pair<uint64_t, uint64_t>> described_lengths_;  // start and step
  uint64_t value_bits_ = 0, length_bits_ = 0;
};

class RleMiniBlock : public MiniBlockDecoder {
 public:
  explicit RleMiniBlock(RleChildren children) : children_(std::move(children)) {}
  ValueShape shape() const override { return {.bits_per_value = children_.value_bits()}; }
  int num_buffers() const override { return 2; }
  bool is_random_access() const override { return false; }
  arrow::Status Decode(std::span<const Bytes> buffers, int64_t, int64_t begin, int64_t end,
                       ValueBuilder* out) const override {
    return children_.Decode(buffers[0], buffers[1], begin, end, /*exact=*/false, out);
  }
  std::unique_ptr<MiniBlockAsker> MakeAsker(const ValueCondition& condition) const override {
    return std::make_unique<Asker>(children_, *condition.number());
  }

 private:
  // Asks once per run.
  class Asker : public MiniBlockAsker {
   public:
    Asker(const RleChildren& children, const NumberCondition& condition)
        : children_(children), condition_(condition) {}
    arrow::Status Ask(std::span<const Bytes> buffers, int64_t, int64_t begin, int64_t end,
                      uint8_t* answers) override {
      scratch_.Clear();
      ARROW_RETURN_NOT_OK(children_.Ask(condition_, buffers[0], buffers[1], begin, end, &scratch_));
      if (end > begin) std::memcpy(answers, scratch_.data(), static_cast<size_t>(end - begin));
      return arrow::Status::OK();
    }

   private:
    const RleChildren& children_;
    const NumberCondition& condition_;
    ValueBuilder scratch_ = ValueBuilder::Fixed(8, arrow::default_memory_pool());
  };

  RleChildren children_;
};

class RleBlock : public BlockDecoder {
 public:
  explicit RleBlock(RleChildren children) : children_(std::move(children)) {}
  ValueShape shape() const override { return {.bits_per_value = children_.value_bits()}; }
  bool has_payload() const override {
    return children_.values().has_payload() || children_.lengths().has_payload();
  }
  arrow::Status Decode(Bytes block, int64_t num_values, ValueBuilder* out) const override {
    if (num_values == 0) return arrow::Status::OK();
    if (num_values > kMaxBlockValues) return Corrupt("rle: a block of ", num_values, " values");
    if (!has_payload()) return children_.Decode({}, {}, 0, num_values, /*exact=*/true, out);
    ByteReader reader(block, "rle block");
    ARROW_ASSIGN_OR_RAISE(uint64_t values_size, reader.Read<uint64_t>());
    ARROW_ASSIGN_OR_RAISE(Bytes values, reader.Take(values_size));
    ARROW_ASSIGN_OR_RAISE(Bytes lengths, reader.Take(reader.remaining()));
    return children_.Decode(values, lengths, 0, num_values, /*exact=*/true, out);
  }

 private:
  RleChildren children_;
};

}  // namespace

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeRleMiniBlock(const EncodingMessage& message,
                                                                  int depth) {
  ARROW_ASSIGN_OR_RAISE(RleChildren children, RleChildren::Make(message, depth));
  return std::make_unique<RleMiniBlock>(std::move(children));
}

arrow::Result<std::unique_ptr<BlockDecoder>> MakeRleBlock(const EncodingMessage& message,
                                                          int depth) {
  ARROW_ASSIGN_OR_RAISE(RleChildren children, RleChildren::Make(message, depth));
  return std::make_unique<RleBlock>(std::move(children));
}

}  // namespace lancea
