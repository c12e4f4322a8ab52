#include "lancea/encoding/compress/sequence_blocks.h"

#include "lancea/encoding/compress/make_decoder.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Nothing is stored that would bound the values; pages are cut at 32 MiB of them.
constexpr int64_t kMaxValues = int64_t{1} << 26;

arrow::Status CheckCount(int64_t num_values) {
  return num_values > kMaxValues ? Corrupt("a sequence of ", num_values, " values")
                                 : arrow::Status::OK();
}

class ConstantBlock : public BlockDecoder {
 public:
  explicit ConstantBlock(std::string value) : value_(std::move(value)) {}
  ValueShape shape() const override { return {.bits_per_value = value_.size() * 8}; }
  bool has_payload() const override { return false; }
  arrow::Status Decode(Bytes, int64_t num_values, ValueBuilder* out) const override {
    ARROW_RETURN_NOT_OK(CheckCount(num_values));
    ARROW_ASSIGN_OR_RAISE(uint8_t * to, out->AppendFixed(num_values));
    for (int64_t i = 0; i < num_values; ++i) {
      std::memcpy(to + i * static_cast<int64_t>(value_.size()), value_.data(), value_.size());
    }
    return arrow::Status::OK();
  }

 private:
  std::string value_;
};

template <typename T>
void FillRange(uint64_t start, uint64_t step, int64_t num_values, uint8_t* to) {
  for (int64_t i = 0; i < num_values; ++i) {
    const T value = static_cast<T>(start + step * static_cast<uint64_t>(i));
    std::memcpy(to + i * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
  }
}

class RangeBlock : public BlockDecoder {
 public:
  RangeBlock(uint64_t bits, uint64_t start, uint64_t step)
      : bits_(bits), start_(start), step_(step) {}
  ValueShape shape() const override { return {.bits_per_value = bits_}; }
  bool has_payload() const override { return false; }
  arrow::Status Decode(Bytes, int64_t num_values, ValueBuilder* out) const override {
    ARROW_RETURN_NOT_OK(CheckCount(num_values));
    uint64_t last = 0;
    if (num_values > 0 &&
        (__builtin_mul_overflow(step_, static_cast<uint64_t>(num_values - 1), &last) ||
         __builtin_add_overflow(last, start_, &last) || (bits_ == 32 && last > UINT32_MAX))) {
      return Corrupt("range: ", num_values, " values from ", start_, " by ", step_, " leave ",
                     bits_, " bits");
    }
    ARROW_ASSIGN_OR_RAISE(uint8_t * to, out->AppendFixed(num_values));
    bits_ == 32 ? FillRange<uint32_t>(start_, step_, num_values, to)
                : FillRange<uint64_t>(start_, step_, num_values, to);
    return arrow::Status::OK();
  }

 private:
  uint64_t bits_, start_, step_;
};

// False when a sum leaves T.
template <typename T>
bool Accumulate(uint64_t base, const uint8_t* deltas, int64_t num_values, uint8_t* to) {
  T value = static_cast<T>(base);
  bool wraps = value != base;
  for (int64_t i = 0; i < num_values; ++i) {
    if (i > 0) {
      wraps |=
          __builtin_add_overflow(value, LoadLittleEndian<T>(deltas + (i - 1) * sizeof(T)), &value);
    }
    std::memcpy(to + i * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
  }
  return !wraps;
}

class DeltaBlock : public BlockDecoder {
 public:
  DeltaBlock(uint64_t bits, uint64_t base, std::unique_ptr<BlockDecoder> deltas)
      : bits_(bits), base_(base), deltas_(std::move(deltas)) {}
  ValueShape shape() const override { return {.bits_per_value = bits_}; }
  bool has_payload() const override { return deltas_->has_payload(); }
  arrow::Status Decode(Bytes block, int64_t num_values, ValueBuilder* out) const override {
    if (num_values == 0) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(CheckCount(num_values));
    ValueBuilder deltas = ValueBuilder::Fixed(bits_, out->pool());
    ARROW_RETURN_NOT_OK(deltas_->Decode(block, num_values - 1, &deltas));
    if (deltas.num_values() != num_values - 1) {
      return Corrupt("delta: ", deltas.num_values(), " differences for ", num_values, " values");
    }
    ARROW_ASSIGN_OR_RAISE(uint8_t * to, out->AppendFixed(num_values));
    const bool fits = bits_ == 32 ? Accumulate<uint32_t>(base_, deltas.data(), num_values, to)
                                  : Accumulate<uint64_t>(base_, deltas.data(), num_values, to);
    return fits ? arrow::Status::OK()
                : Corrupt("delta: sums from ", base_, " leave ", bits_, " bits");
  }

 private:
  uint64_t bits_, base_;
  std::unique_ptr<BlockDecoder> deltas_;
};

}  // namespace

arrow::Result<std::unique_ptr<BlockDecoder>> MakeConstantBlock(const EncodingMessage& message) {
  const std::string& value = message.constant().value();
  if (value.empty() || value.size() > 32) return Corrupt("a constant of ", value.size(), " bytes");
  return std::make_unique<ConstantBlock>(value);
}

arrow::Result<std::unique_ptr<BlockDecoder>> MakeRangeBlock(const EncodingMessage& message) {
  const auto& range = message.range();
  const uint64_t bits = range.uncompressed_bits_per_value();
  if (bits != 32 && bits != 64) return Corrupt("a range of ", bits, "-bit values");
  return std::make_unique<RangeBlock>(bits, range.start(), range.step());
}

arrow::Result<std::unique_ptr<BlockDecoder>> MakeDeltaBlock(const EncodingMessage& message,
                                                            int depth) {
  const auto& delta = message.delta();
  const uint64_t bits = delta.uncompressed_bits_per_value();
  if (bits != 32 && bits != 64) return Corrupt("delta of ", bits, "-bit values");
  ARROW_ASSIGN_OR_RAISE(auto deltas, MakeBlockDecoder(delta.deltas(), depth + kScratchDepth));
  if (deltas->shape().bits_per_value != bits) return Corrupt("delta: differences of another width");
  return std::make_unique<DeltaBlock>(bits, delta.base(), std::move(deltas));
}

}  // namespace lancea
