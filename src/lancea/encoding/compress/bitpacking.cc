#include "lancea/encoding/compress/bitpacking.h"

#include <algorithm>

#include "lancea/encoding/compress/fastlanes.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using compress::FastLanesUnpack;
using compress::FastLanesUnpackRange;
using compress::kFastLanesValues;

uint64_t FastLanesBytes(uint64_t width) {
  return static_cast<uint64_t>(compress::FastLanesBytes(static_cast<int64_t>(width)));
}

bool IsWordWidth(uint64_t bits) { return bits == 8 || bits == 16 || bits == 32 || bits == 64; }

// Append values [begin, end) of one packed block.
template <typename T>
arrow::Status AppendFromBlock(const uint8_t* packed, uint32_t width, int64_t begin, int64_t end,
                              ValueBuilder* out) {
  ARROW_ASSIGN_OR_RAISE(uint8_t * bytes, out->AppendFixed(end - begin));
  T* to = reinterpret_cast<T*>(bytes);
  if (begin == 0 && end == kFastLanesValues) {
    FastLanesUnpack(packed, static_cast<int>(width), to);
  } else {
    FastLanesUnpackRange(packed, static_cast<int>(width), begin, end, to);
  }
  return arrow::Status::OK();
}

// Call `use(packed, width, first, last)` with each block that has some of values [begin, end), those being
// [first, last) of the block.
template <typename T, typename Use>
arrow::Status EachInlineBlock(Bytes bytes, int64_t begin, int64_t end, Use use) {
  uint64_t at = 0;
  for (int64_t block = 0; block < end; block += kFastLanesValues) {
    if (bytes.size() - at < sizeof(T)) {
      return Corrupt("inline bit-packing: block at ", at, " of ", bytes.size(), " bytes");
    }
    const uint64_t width = LoadLittleEndian<T>(bytes.data() + at);
    at += sizeof(T);
    if (width > sizeof(T) * 8) {
      return Corrupt("inline bit-packing: ", width, " bits of ", sizeof(T) * 8);
    }
    if (bytes.size() - at < FastLanesBytes(width)) {
      return Corrupt("inline bit-packing: need ", FastLanesBytes(width), " bytes at ", at,
                     ", have ", bytes.size() - at);
    }
    const int64_t first = std::max(begin, block);
    const int64_t last = std::min(end, block + kFastLanesValues);
    if (first < last) {
      ARROW_RETURN_NOT_OK(
          use(bytes.data() + at, static_cast<uint32_t>(width), first - block, last - block));
    }
    at += FastLanesBytes(width);
  }
  return arrow::Status::OK();
}

template <typename T>
arrow::Status DecodeInline(Bytes bytes, int64_t begin, int64_t end, ValueBuilder* out) {
  return EachInlineBlock<T>(
      bytes, begin, end, [&](const uint8_t* packed, uint32_t width, int64_t first, int64_t last) {
        return AppendFromBlock<T>(packed, width, first, last, out);
      });
}

template <typename T>
arrow::Status DecodeOutOfLine(Bytes bytes, uint32_t width, int64_t num_values, int64_t begin,
                              int64_t end, ValueBuilder* out) {
  const uint64_t block_bytes = FastLanesBytes(width);
  const uint64_t full_blocks = static_cast<uint64_t>(num_values) / kFastLanesValues;
  const uint64_t tail = static_cast<uint64_t>(num_values) % kFastLanesValues;
  if (block_bytes != 0 && full_blocks > bytes.size() / block_bytes) {
    return Corrupt("bit-packing: ", num_values, " values of ", width, " bits in ", bytes.size(),
                   " bytes");
  }
  const uint64_t tail_bytes = bytes.size() - full_blocks * block_bytes;
  const bool raw_tail = tail != 0 && tail_bytes == tail * sizeof(T);
  if (tail != 0 && !raw_tail && tail_bytes < block_bytes) {
    return Corrupt("bit-packing: tail of ", tail, " values in ", tail_bytes, " bytes");
  }
  int64_t at = begin;
  while (at < end) {
    const uint64_t block = static_cast<uint64_t>(at) / kFastLanesValues;
    const int64_t first = static_cast<int64_t>(block) * kFastLanesValues;
    const int64_t last = std::min(end, first + kFastLanesValues);
    const uint8_t* packed = bytes.data() + block * block_bytes;
    if (block == full_blocks && raw_tail) {
      ARROW_ASSIGN_OR_RAISE(uint8_t * to, out->AppendFixed(last - at));
      std::memcpy(to, packed + static_cast<size_t>(at - first) * sizeof(T),
                  static_cast<size_t>(last - at) * sizeof(T));
    } else {
      ARROW_RETURN_NOT_OK(AppendFromBlock<T>(packed, width, at - first, last - first, out));
    }
    at = last;
  }
  return arrow::Status::OK();
}

arrow::Status DecodeInlineAny(uint64_t bits, Bytes bytes, int64_t begin, int64_t end,
                              ValueBuilder* out) {
  switch (bits) {
    case 8:
      return DecodeInline<uint8_t>(bytes, begin, end, out);
    case 16:
      return DecodeInline<uint16_t>(bytes, begin, end, out);
    case 32:
      return DecodeInline<uint32_t>(bytes, begin, end, out);
    default:
      return DecodeInline<uint64_t>(bytes, begin, end, out);
  }
}

arrow::Status DecodeOutOfLineAny(uint64_t bits, Bytes bytes, uint32_t width, int64_t num_values,
                                 int64_t begin, int64_t end, ValueBuilder* out) {
  // A width of zero stores nothing that would bound the values; pages are cut at 32 MiB of them.
  if (width == 0 && num_values > (int64_t{1} << 26)) return Corrupt("bit-packing: too many values");
  switch (bits) {
    case 8:
      return DecodeOutOfLine<uint8_t>(bytes, width, num_values, begin, end, out);
    case 16:
      return DecodeOutOfLine<uint16_t>(bytes, width, num_values, begin, end, out);
    case 32:
      return DecodeOutOfLine<uint32_t>(bytes, width, num_values, begin, end, out);
    default:
      return DecodeOutOfLine<uint64_t>(bytes, width, num_values, begin, end, out);
  }
}

// Unpacks a block at a time. Where all the values that a width has room for answer alike, none is unpacked.
template <typename T>
class InlineAsker : public MiniBlockAsker {
 public:
  explicit InlineAsker(const NumberCondition& condition) : condition_(condition) {}
  arrow::Status Ask(std::span<const Bytes> buffers, int64_t, int64_t begin, int64_t end,
                    uint8_t* answers) override {
    return EachInlineBlock<T>(
        buffers[0], begin, end,
        [&](const uint8_t* packed, uint32_t width, int64_t first, int64_t last) {
          const auto count = static_cast<size_t>(last - first);
          const uint64_t max = width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
          if (const auto answer = condition_.AnswerBelow(max)) {
            std::memset(answers, *answer ? 1 : 0, count);
          } else if (last - first == kFastLanesValues) {
            FastLanesUnpack(packed, static_cast<int>(width), values_);
            condition_.Ask(reinterpret_cast<const uint8_t*>(values_), last - first, answers);
          } else {
            FastLanesUnpackRange(packed, static_cast<int>(width), first, last, values_);
            condition_.Ask(reinterpret_cast<const uint8_t*>(values_), last - first, answers);
          }
          answers += count;
          return arrow::Status::OK();
        });
  }

 private:
  const NumberCondition& condition_;
  T values_[kFastLanesValues];
};

class InlineMiniBlock : public MiniBlockDecoder {
 public:
  explicit InlineMiniBlock(uint64_t bits) : bits_(bits) {}
  ValueShape shape() const override { return {.bits_per_value = bits_}; }
  int num_buffers() const override { return 1; }
  arrow::Status Decode(std::span<const Bytes> buffers, int64_t, int64_t begin, int64_t end,
                       ValueBuilder* out) const override {
    return DecodeInlineAny(bits_, buffers[0], begin, end, out);
  }
  std::unique_ptr<MiniBlockAsker> MakeAsker(const ValueCondition& condition) const override {
    const NumberCondition& number = *condition.number();
    switch (bits_) {
      case 8:
        return std::make_unique<InlineAsker<uint8_t>>(number);
      case 16:
        return std::make_unique<InlineAsker<uint16_t>>(number);
      case 32:
        return std::make_unique<InlineAsker<uint32_t>>(number);
      default:
        return std::make_unique<InlineAsker<uint64_t>>(number);
    }
  }

 private:
  uint64_t bits_;
};

class InlineBlock : public BlockDecoder {
 public:
  explicit InlineBlock(uint64_t bits) : bits_(bits) {}
  ValueShape shape() const override { return {.bits_per_value = bits_}; }
  arrow::Status Decode(Bytes block, int64_t num_values, ValueBuilder* out) const override {
    return DecodeInlineAny(bits_, block, 0, num_values, out);
  }

 private:
  uint64_t bits_;
};

class OutOfLineMiniBlock : public MiniBlockDecoder {
 public:
  OutOfLineMiniBlock(uint64_t bits, uint32_t width) : bits_(bits), width_(width) {}
  ValueShape shape() const override { return {.bits_per_value = bits_}; }
  int num_buffers() const override { return 1; }
  arrow::Status Decode(std::span<const Bytes> buffers, int64_t num_values, int64_t begin,
                       int64_t end, ValueBuilder* out) const override {
    return DecodeOutOfLineAny(bits_, buffers[0], width_, num_values, begin, end, out);
  }

 private:
  uint64_t bits_;
  uint32_t width_;
};

class OutOfLineBlock : public BlockDecoder {
 public:
  OutOfLineBlock(uint64_t bits, uint32_t width) : bits_(bits), width_(width) {}
  ValueShape shape() const override { return {.bits_per_value = bits_}; }
  arrow::Status Decode(Bytes block, int64_t num_values, ValueBuilder* out) const override {
    return DecodeOutOfLineAny(bits_, block, width_, num_values, 0, num_values, out);
  }

 private:
  uint64_t bits_;
  uint32_t width_;
};

arrow::Result<uint64_t> InlineBits(const EncodingMessage& message) {
  const auto& inline_message = message.inline_bitpacking();
  const uint64_t bits = inline_message.uncompressed_bits_per_value();
  if (!IsWordWidth(bits)) return Corrupt("bit-packing of ", bits, "-bit values");
  if (inline_message.has_values()) return Unsupported("compressed buffers inside bit-packing");
  return bits;
}

struct OutOfLineWidths {
  uint64_t bits;
  uint32_t width;
};

arrow::Result<OutOfLineWidths> OutOfLineBits(const EncodingMessage& message) {
  const auto& packed = message.out_of_line_bitpacking();
  const uint64_t bits = packed.uncompressed_bits_per_value();
  if (!IsWordWidth(bits)) return Corrupt("bit-packing of ", bits, "-bit values");
  if (!packed.values().has_flat()) return Unsupported("bit-packing of values that are not flat");
  const uint64_t width = packed.values().flat().bits_per_value();
  if (width > bits) return Corrupt("bit-packing: ", width, " bits of ", bits);
  return OutOfLineWidths{bits, static_cast<uint32_t>(width)};
}

}  // namespace

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeInlineBitpackingMiniBlock(
    const EncodingMessage& message) {
  ARROW_ASSIGN_OR_RAISE(uint64_t bits, InlineBits(message));
  return std::make_unique<InlineMiniBlock>(bits);
}

arrow::Result<std::unique_ptr<BlockDecoder>> MakeInlineBitpackingBlock(
    const EncodingMessage& message) {
  ARROW_ASSIGN_OR_RAISE(uint64_t bits, InlineBits(message));
  return std::make_unique<InlineBlock>(bits);
}

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeOutOfLineBitpackingMiniBlock(
    const EncodingMessage& message) {
  ARROW_ASSIGN_OR_RAISE(OutOfLineWidths widths, OutOfLineBits(message));
  return std::make_unique<OutOfLineMiniBlock>(widths.bits, widths.width);
}

arrow::Result<std::unique_ptr<BlockDecoder>> MakeOutOfLineBitpackingBlock(
    const EncodingMessage& message) {
  ARROW_ASSIGN_OR_RAISE(OutOfLineWidths widths, OutOfLineBits(message));
  return std::make_unique<OutOfLineBlock>(widths.bits, widths.width);
}

}  // namespace lancea
