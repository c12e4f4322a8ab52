// What the tests of this folder share: descriptions, buffers of exact size, and running a decoder.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "arrow/memory_pool.h"
#include "lancea/encoding/compress/make_decoder.h"

namespace lancea::test {

using Buffer = std::vector<uint8_t>;

inline EncodingMessage Flat(uint64_t bits) {
  EncodingMessage out;
  out.mutable_flat()->set_bits_per_value(bits);
  return out;
}

inline EncodingMessage Variable(const EncodingMessage& offsets) {
  EncodingMessage out;
  *out.mutable_variable()->mutable_offsets() = offsets;
  return out;
}

inline EncodingMessage InlineBitpacking(uint64_t bits) {
  EncodingMessage out;
  out.mutable_inline_bitpacking()->set_uncompressed_bits_per_value(bits);
  return out;
}

inline EncodingMessage OutOfLineBitpacking(uint64_t bits, uint64_t width) {
  EncodingMessage out;
  out.mutable_out_of_line_bitpacking()->set_uncompressed_bits_per_value(bits);
  *out.mutable_out_of_line_bitpacking()->mutable_values() = Flat(width);
  return out;
}

inline EncodingMessage Rle(const EncodingMessage& values, const EncodingMessage& lengths) {
  EncodingMessage out;
  *out.mutable_rle()->mutable_values() = values;
  *out.mutable_rle()->mutable_run_lengths() = lengths;
  return out;
}

inline EncodingMessage General(lance::encodings23::CompressionScheme scheme,
                               const EncodingMessage& values) {
  EncodingMessage out;
  out.mutable_general()->mutable_compression()->set_scheme(scheme);
  *out.mutable_general()->mutable_values() = values;
  return out;
}

inline EncodingMessage FixedSizeList(uint64_t items, bool has_validity,
                                     const EncodingMessage& values) {
  EncodingMessage out;
  out.mutable_fixed_size_list()->set_items_per_value(items);
  out.mutable_fixed_size_list()->set_has_validity(has_validity);
  *out.mutable_fixed_size_list()->mutable_values() = values;
  return out;
}

inline EncodingMessage Constant(const Buffer& value) {
  EncodingMessage out;
  out.mutable_constant()->set_value(std::string(value.begin(), value.end()));
  return out;
}

inline EncodingMessage Range(uint64_t bits, uint64_t start, uint64_t step) {
  EncodingMessage out;
  out.mutable_range()->set_uncompressed_bits_per_value(bits);
  out.mutable_range()->set_start(start);
  out.mutable_range()->set_step(step);
  return out;
}

inline EncodingMessage Delta(uint64_t bits, uint64_t base, const EncodingMessage& deltas) {
  EncodingMessage out;
  out.mutable_delta()->set_uncompressed_bits_per_value(bits);
  out.mutable_delta()->set_base(base);
  *out.mutable_delta()->mutable_deltas() = deltas;
  return out;
}

template <typename T>
Buffer ToBytes(const std::vector<T>& values) {
  Buffer out(values.size() * sizeof(T));
  if (!out.empty()) std::memcpy(out.data(), values.data(), out.size());
  return out;
}

inline void Append(Buffer* out, const Buffer& more) {
  out->insert(out->end(), more.begin(), more.end());
}

template <typename T>
void AppendWord(Buffer* out, T word) {
  Append(out, ToBytes(std::vector<T>{word}));
}

/// Values of at most `width` bits; prints nothing, the seed is the width.
template <typename T>
std::vector<T> RandomValues(int64_t num_values, int width) {
  std::mt19937_64 random(static_cast<uint64_t>(width) * 1000 + static_cast<uint64_t>(num_values));
  std::vector<T> out(static_cast<size_t>(num_values));
  for (T& value : out) {
    value = width == 0 ? T{0} : static_cast<T>(random() >> (64 - width));
  }
  return out;
}

/// What a decoder appended.
struct Decoded {
  arrow::Status status;
  int64_t num_values = 0;
  Buffer data;                        ///< fixed shape
  std::vector<std::string> strings;   ///< variable shape
  std::vector<std::string> validity;  ///< per level, '1' and '0'
  int64_t peak_bytes = 0;             ///< most memory taken from the pool
};

inline Decoded Failed(arrow::Status status) {
  Decoded out;
  out.status = std::move(status);
  return out;
}

inline void Finish(ValueBuilder* builder, Decoded* out) {
  out->num_values = builder->num_values();
  for (BitmapBuilder& bitmap : builder->item_validity()) {
    std::string bits;
    for (int64_t i = 0; i < bitmap.size(); ++i) {
      bits.push_back((bitmap.data()[i / 8] >> (i % 8) & 1) != 0 ? '1' : '0');
    }
    out->validity.push_back(bits);
  }
  if (!builder->is_variable()) {
    auto data = builder->FinishData().ValueOrDie();
    out->data.assign(data->data(), data->data() + data->size());
    return;
  }
  const bool is_large = builder->bits_per_offset() == 64;
  auto offsets = builder->FinishOffsets().ValueOrDie();
  auto data = builder->FinishData().ValueOrDie();
  auto at = [&](int64_t i) {
    return is_large ? offsets->data_as<int64_t>()[i] : int64_t{offsets->data_as<int32_t>()[i]};
  };
  for (int64_t i = 0; i < out->num_values; ++i) {
    out->strings.emplace_back(reinterpret_cast<const char*>(data->data()) + at(i),
                              at(i + 1) - at(i));
  }
}

/// Runs `decode` on a builder of `shape`.
template <typename Decode>
Decoded Run(const ValueShape& shape, Decode decode) {
  arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
  Decoded out;
  ValueBuilder builder = shape.MakeBuilder(&pool);
  out.status = decode(&builder);
  if (out.status.ok()) Finish(&builder, &out);
  out.peak_bytes = pool.max_memory();
  return out;
}

inline Decoded DecodeMiniBlock(const EncodingMessage& message, const std::vector<Buffer>& buffers,
                               int64_t num_values, int64_t begin, int64_t end) {
  auto decoder = MakeMiniBlockDecoder(message);
  if (!decoder.ok()) return Failed(decoder.status());
  EXPECT_EQ((*decoder)->num_buffers(), static_cast<int>(buffers.size()));
  const std::vector<Bytes> views(buffers.begin(), buffers.end());
  return Run((*decoder)->shape(), [&](ValueBuilder* out) {
    return (*decoder)->Decode(views, num_values, begin, end, out);
  });
}

inline Decoded DecodeBlock(const EncodingMessage& message, const Buffer& block,
                           int64_t num_values) {
  auto decoder = MakeBlockDecoder(message);
  if (!decoder.ok()) return Failed(decoder.status());
  return Run((*decoder)->shape(),
             [&](ValueBuilder* out) { return (*decoder)->Decode(block, num_values, out); });
}

inline Decoded DecodeValues(const EncodingMessage& message, const std::vector<Buffer>& values) {
  auto decoder = MakePerValueDecoder(message);
  if (!decoder.ok()) return Failed(decoder.status());
  return Run((*decoder)->shape(), [&](ValueBuilder* out) {
    for (const Buffer& value : values) ARROW_RETURN_NOT_OK((*decoder)->Decode(value, out));
    return arrow::Status::OK();
  });
}

/// Ranges worth asking of a chunk: all, nothing, ends, one value, few values, many.
inline std::vector<std::pair<int64_t, int64_t>> SubRanges(int64_t num_values) {
  std::vector<std::pair<int64_t, int64_t>> out = {{0, num_values}};
  if (num_values == 0) return out;
  const int64_t middle = num_values / 2;
  out.insert(out.end(), {{0, 0},
                         {num_values, num_values},
                         {0, 1},
                         {num_values - 1, num_values},
                         {middle, middle + 1},
                         {middle, num_values},
                         {0, middle}});
  if (num_values > 60) out.insert(out.end(), {{7, 20}, {1, num_values - 1}, {3, 58}});
  return out;
}

/// Every sub-range of a fixed-width chunk decodes to the same values as `expected` holds there.
template <typename T>
void ExpectSubRanges(const EncodingMessage& message, const std::vector<Buffer>& buffers,
                     const std::vector<T>& expected) {
  const int64_t num_values = static_cast<int64_t>(expected.size());
  for (auto [begin, end] : SubRanges(num_values)) {
    SCOPED_TRACE(testing::Message() << "values " << begin << ".." << end << " of " << num_values);
    const Decoded decoded = DecodeMiniBlock(message, buffers, num_values, begin, end);
    ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
    ASSERT_EQ(decoded.data,
              ToBytes(std::vector<T>(expected.begin() + begin, expected.begin() + end)));
  }
}

/// Lengths to cut a buffer to: all when it is small, else the ends and a sample.
inline std::vector<size_t> Cuts(size_t size) {
  std::vector<size_t> out;
  for (size_t cut = 0; cut < size; cut += (cut < 80 || cut + 80 > size) ? 1 : 97)
    out.push_back(cut);
  return out;
}

/// Cutting any buffer anywhere gives an error.
inline void ExpectTruncationFails(const EncodingMessage& message,
                                  const std::vector<Buffer>& buffers, int64_t num_values) {
  for (size_t i = 0; i < buffers.size(); ++i) {
    for (size_t cut : Cuts(buffers[i].size())) {
      std::vector<Buffer> damaged = buffers;
      damaged[i] = Buffer(buffers[i].begin(), buffers[i].begin() + static_cast<int64_t>(cut));
      EXPECT_FALSE(DecodeMiniBlock(message, damaged, num_values, 0, num_values).status.ok())
          << "buffer " << i << " cut to " << cut << " of " << buffers[i].size();
    }
  }
}

inline void ExpectTruncationFails(const EncodingMessage& message, const Buffer& block,
                                  int64_t num_values) {
  for (size_t cut : Cuts(block.size())) {
    const Buffer damaged(block.begin(), block.begin() + static_cast<int64_t>(cut));
    EXPECT_FALSE(DecodeBlock(message, damaged, num_values).status.ok())
        << "block cut to " << cut << " of " << block.size();
  }
}

/// Flipped bytes may decode to anything but may not crash; sanitizers watch.
inline void SurviveFlips(const EncodingMessage& message, const std::vector<Buffer>& buffers,
                         int64_t num_values) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<Buffer> damaged = buffers;
    Buffer& buffer = damaged[random() % damaged.size()];
    if (buffer.empty()) continue;
    // Headers and lengths stand in front.
    const size_t at =
        random() % (round % 2 == 0 ? std::min<size_t>(buffer.size(), 16) : buffer.size());
    buffer[at] = static_cast<uint8_t>(random());
    const Decoded decoded = DecodeMiniBlock(message, damaged, num_values, 0, num_values);
    EXPECT_LT(decoded.peak_bytes, int64_t{64} << 20);
  }
}

/// A count that the bytes cannot bear out is refused without memory being taken for it.
inline void ExpectFalseCountsFail(const EncodingMessage& message,
                                  const std::vector<Buffer>& buffers) {
  for (int64_t num_values : {int64_t{1} << 24, int64_t{1} << 40, int64_t{1} << 61, INT64_MAX}) {
    const Decoded decoded = DecodeMiniBlock(message, buffers, num_values, 0, num_values);
    EXPECT_FALSE(decoded.status.ok()) << num_values;
    EXPECT_LT(decoded.peak_bytes, int64_t{64} << 20) << num_values;
  }
}

inline void ExpectFalseCountsFail(const EncodingMessage& message, const Buffer& block) {
  for (int64_t num_values : {int64_t{1} << 33, int64_t{1} << 40, int64_t{1} << 61, INT64_MAX}) {
    const Decoded decoded = DecodeBlock(message, block, num_values);
    EXPECT_FALSE(decoded.status.ok()) << num_values;
    EXPECT_LT(decoded.peak_bytes, int64_t{64} << 20) << num_values;
  }
}

}  // namespace lancea::test
