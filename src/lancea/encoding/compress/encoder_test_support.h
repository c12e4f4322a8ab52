// What the tests of encoders share: blocks out of plain values, and reading encodings back with the
// decoders of this folder.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "lancea/encoding/compress/decoder_test_support.h"
#include "lancea/encoding/value_encoder.h"

namespace lancea::test {

/// Memory of exactly that size, so that sanitizers see reads beyond it.
inline std::shared_ptr<arrow::Buffer> MakeBuffer(const Buffer& bytes) {
  auto out = arrow::AllocateBuffer(static_cast<int64_t>(bytes.size())).ValueOrDie();
  if (!bytes.empty()) std::memcpy(out->mutable_data(), bytes.data(), bytes.size());
  return out;
}

template <typename T>
ValueBlock FixedBlock(const std::vector<T>& values) {
  ValueBlock out;
  out.num_values = static_cast<int64_t>(values.size());
  out.bits_per_value = 8 * sizeof(T);
  out.values = MakeBuffer(ToBytes(values));
  return out;
}

inline ValueBlock BitBlock(const std::vector<bool>& values) {
  Buffer bytes((values.size() + 7) / 8);
  for (size_t i = 0; i < values.size(); ++i)
    bytes[i / 8] |= static_cast<uint8_t>(values[i] << i % 8);
  ValueBlock out;
  out.num_values = static_cast<int64_t>(values.size());
  out.bits_per_value = 1;
  out.values = MakeBuffer(bytes);
  return out;
}

template <typename Offset = int32_t>
ValueBlock VariableBlock(const std::vector<std::string>& values, bool is_utf8 = true) {
  std::vector<Offset> offsets = {0};
  Buffer bytes;
  for (const std::string& value : values) {
    bytes.insert(bytes.end(), value.begin(), value.end());
    offsets.push_back(static_cast<Offset>(bytes.size()));
  }
  ValueBlock out;
  out.num_values = static_cast<int64_t>(values.size());
  out.bits_per_offset = 8 * sizeof(Offset);
  out.offsets = MakeBuffer(ToBytes(offsets));
  out.values = MakeBuffer(bytes);
  out.is_utf8 = is_utf8;
  return out;
}

inline Buffer BytesOf(const std::shared_ptr<arrow::Buffer>& buffer) {
  return Buffer(buffer->data(), buffer->data() + buffer->size());
}

/// Bytes of all buffers of an encoding.
inline int64_t EncodedBytes(const MiniBlockEncoding& encoding) {
  int64_t out = 0;
  for (const auto& buffer : encoding.buffers) out += buffer->size();
  return out;
}

/// The buffers of one chunk after another.
inline std::vector<std::vector<Buffer>> CutChunks(const MiniBlockEncoding& encoding) {
  std::vector<std::vector<Buffer>> out;
  std::vector<int64_t> at(encoding.buffers.size());
  for (const EncodedChunk& chunk : encoding.chunks) {
    std::vector<Buffer>& buffers = out.emplace_back();
    for (size_t i = 0; i < encoding.buffers.size(); ++i) {
      EXPECT_LE(at[i] + chunk.buffer_sizes[i], encoding.buffers[i]->size());
      const uint8_t* begin = encoding.buffers[i]->data() + at[i];
      buffers.emplace_back(begin, begin + chunk.buffer_sizes[i]);
      at[i] += chunk.buffer_sizes[i];
    }
  }
  for (size_t i = 0; i < at.size(); ++i) EXPECT_EQ(at[i], encoding.buffers[i]->size());
  return out;
}

/// Every chunk but the last holds a power of two of at least two values; together they hold all.
inline void ExpectChunkRules(const MiniBlockEncoding& encoding, int64_t num_values,
                             int64_t max_values, int64_t max_bytes) {
  int64_t total = 0;
  for (size_t i = 0; i < encoding.chunks.size(); ++i) {
    const EncodedChunk& chunk = encoding.chunks[i];
    total += chunk.num_values;
    EXPECT_LE(chunk.num_values, max_values);
    EXPECT_GE(chunk.num_values, 1u);
    int64_t bytes = 0;
    for (uint32_t size : chunk.buffer_sizes) bytes += size;
    EXPECT_TRUE(chunk.num_values <= 2 || bytes <= max_bytes) << bytes;
    if (i + 1 == encoding.chunks.size()) continue;
    EXPECT_GE(chunk.num_values, 2u);
    EXPECT_TRUE(std::has_single_bit(chunk.num_values)) << chunk.num_values;
  }
  EXPECT_EQ(total, num_values);
  EXPECT_EQ(encoding.num_values, num_values);
}

/// All chunks decoded, one after the other; and a few ranges of each compared with the whole.
inline Decoded DecodeChunks(const MiniBlockEncoding& encoding) {
  Decoded out;
  const auto chunks = CutChunks(encoding);
  for (size_t i = 0; i < chunks.size(); ++i) {
    const int64_t count = encoding.chunks[i].num_values;
    Decoded chunk = DecodeMiniBlock(encoding.description, chunks[i], count, 0, count);
    if (!chunk.status.ok()) return chunk;
    const Decoded part =
        DecodeMiniBlock(encoding.description, chunks[i], count, count / 3, count / 2);
    EXPECT_TRUE(part.status.ok()) << part.status.ToString();
    if (!part.strings.empty()) {
      EXPECT_EQ(part.strings, std::vector<std::string>(chunk.strings.begin() + count / 3,
                                                       chunk.strings.begin() + count / 2));
    }
    out.num_values += chunk.num_values;
    Append(&out.data, chunk.data);
    out.strings.insert(out.strings.end(), chunk.strings.begin(), chunk.strings.end());
    out.validity.resize(std::max(out.validity.size(), chunk.validity.size()));
    for (size_t v = 0; v < chunk.validity.size(); ++v) out.validity[v] += chunk.validity[v];
  }
  return out;
}

/// The values of a per-value encoding, one by one.
inline std::vector<Buffer> CutValues(const ValueBlock& values) {
  std::vector<Buffer> out;
  for (int64_t i = 0; i < values.num_values; ++i) {
    int64_t begin = i * static_cast<int64_t>(values.bits_per_value / 8);
    int64_t end = begin + static_cast<int64_t>(values.bits_per_value / 8);
    if (values.bits_per_offset == 32) {
      begin = values.offsets->data_as<int32_t>()[i];
      end = values.offsets->data_as<int32_t>()[i + 1];
    } else if (values.bits_per_offset == 64) {
      begin = values.offsets->data_as<int64_t>()[i];
      end = values.offsets->data_as<int64_t>()[i + 1];
    }
    EXPECT_LE(end, values.values->size());
    out.emplace_back(values.values->data() + begin, values.values->data() + end);
  }
  return out;
}

/// Text such as people write: words of a small vocabulary.
inline std::vector<std::string> Sentences(int64_t num_values, int64_t words, uint64_t seed = 1) {
  static const char* const kWords[] = {"the",      "quick", "brown",     "fox",       "jumps",
                                       "over",     "lazy",  "dog",       "carefully", "final",
                                       "deposits", "sleep", "furiously", "among",     "pending",
                                       "requests", "above", "ironic"};
  std::mt19937_64 random(seed);
  std::vector<std::string> out;
  for (int64_t i = 0; i < num_values; ++i) {
    std::string& value = out.emplace_back();
    const int64_t count =
        words / 2 + static_cast<int64_t>(random() % static_cast<uint64_t>(words + 1));
    for (int64_t k = 0; k < count; ++k) {
      value += kWords[random() % std::size(kWords)];
      value += k + 1 < count ? " " : std::to_string(random() % 1000);
    }
  }
  return out;
}

}  // namespace lancea::test
