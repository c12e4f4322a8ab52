#include "lancea/encoding/compress/rle.h"

#include <algorithm>

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

// Append values [begin, end) of the expansion.
template <typename Value, typename Length>
arrow::Status Expand(const Runs& runs, int64_t begin, int64_t end, bool exact, ValueBuilder* out) {
  ARROW_ASSIGN_OR_RAISE(uint8_t * bytes, out->AppendFixed(end - begin));
  Value* to = reinterpret_cast<Value*>(bytes);
  int64_t at = 0;  // first value of the run
  uint64_t run = 0;
  for (; run < runs.num_runs && at < end; ++run) {
    const int64_t length = static_cast<int64_t>(LoadLength<Length>(runs.lengths.data(), run));
    if (length == 0) return Corrupt("rle: run ", run, " has no length");
    const int64_t first = std::max(at, begin);
    const int64_t last = std::min(at + length, end);
    if (first < last) {
      const Value value = LoadLittleEndian<Value>(runs.values.data() + run * sizeof(Value));
      Value* const from = to + (first - begin);
      const int64_t count = last - first;
      if (count <= 8 && first - begin + 8 <= end - begin) {
        // Most runs are short: eight stores without a loop, the excess is overwritten by the next run.
        for (int i = 0; i < 8; ++i) from[i] = value;
      } else {
        std::fill_n(from, count, value);
      }
    }
    at += length;
  }
  if (at < end || (exact && (at != end || run != runs.num_runs))) {
    return Corrupt("rle: runs sum to ", at, ", expected ", end);
  }
  return arrow::Status::OK();
}

template <typename Value>
arrow::Status ExpandAny(uint64_t length_bits, const Runs& runs, int64_t begin, int64_t end, bool exact,
                        ValueBuilder* out) {
  switch (length_bits) {
    case 8: return Expand<Value, uint8_t>(runs, begin, end, exact, out);
    case 16: return Expand<Value, uint16_t>(runs, begin, end, exact, out);
    case 32: return Expand<Value, uint32_t>(runs, begin, end, exact, out);
    default: return Corrupt("rle: run lengths of ", length_bits, " bits");
  }
}

// What both positions share: the two children.
class RleChildren {
 public:
  static arrow::Result<RleChildren> Make(const EncodingMessage& message, int depth) {
    RleChildren out;
    ARROW_ASSIGN_OR_RAISE(out.values_, MakeBlockDecoder(message.rle().values(), depth + 1));
    ARROW_ASSIGN_OR_RAISE(out.lengths_, MakeBlockDecoder(message.rle().run_lengths(), depth + 1));
    out.values_flat_ = IsFlat(message.rle().values());
    out.lengths_flat_ = IsFlat(message.rle().run_lengths());
    out.value_bits_ = out.values_->shape().bits_per_value;
    out.length_bits_ = out.lengths_->shape().bits_per_value;
    const uint64_t v = out.value_bits_, l = out.length_bits_;
    if ((v != 8 && v != 16 && v != 32 && v != 64) || (l != 8 && l != 16 && l != 32)) {
      return Corrupt("rle of ", v, "-bit values with ", l, "-bit lengths");
    }
    if (!out.values_flat_ && !out.lengths_flat_ && out.values_->has_payload() &&
        out.lengths_->has_payload()) {
      return Unsupported("rle whose run count follows from neither of its buffers");
    }
    return out;
  }

  uint64_t value_bits() const { return value_bits_; }
  const BlockDecoder& values() const { return *values_; }
  const BlockDecoder& lengths() const { return *lengths_; }

  arrow::Status Decode(Bytes values, Bytes lengths, int64_t begin, int64_t end, bool exact,
                       ValueBuilder* out) const {
    if (begin == end) return arrow::Status::OK();
    Runs runs;
    if (lengths_flat_) {
      runs.num_runs = lengths.size() / (length_bits_ / 8);
    } else if (values_flat_) {
      runs.num_runs = values.size() / (value_bits_ / 8);
    } else {
      return Unsupported("rle whose run count follows from neither of its buffers");
    }
    ValueBuilder value_scratch = ValueBuilder::Fixed(value_bits_, out->pool());
    ValueBuilder length_scratch = ValueBuilder::Fixed(length_bits_, out->pool());
    ARROW_ASSIGN_OR_RAISE(runs.values, Plain(*values_, values_flat_, values, runs.num_runs,
                                             value_bits_, &value_scratch));
    ARROW_ASSIGN_OR_RAISE(runs.lengths, Plain(*lengths_, lengths_flat_, lengths, runs.num_runs,
                                              length_bits_, &length_scratch));
    switch (value_bits_) {
      case 8: return ExpandAny<uint8_t>(length_bits_, runs, begin, end, exact, out);
      case 16: return ExpandAny<uint16_t>(length_bits_, runs, begin, end, exact, out);
      case 32: return ExpandAny<uint32_t>(length_bits_, runs, begin, end, exact, out);
      default: return ExpandAny<uint64_t>(length_bits_, runs, begin, end, exact, out);
    }
  }

 private:
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

 private:
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

arrow::Result<std::unique_ptr<BlockDecoder>> MakeRleBlock(const EncodingMessage& message, int depth) {
  ARROW_ASSIGN_OR_RAISE(RleChildren children, RleChildren::Make(message, depth));
  return std::make_unique<RleBlock>(std::move(children));
}

}  // namespace lancea
