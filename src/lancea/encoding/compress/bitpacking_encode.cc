#include "lancea/encoding/compress/bitpacking_encode.h"

#include <algorithm>
#include <cstring>

#include "lancea/encoding/compress/block_bytes.h"
#include "lancea/encoding/compress/encoding_messages.h"
#include "lancea/encoding/compress/fastlanes_pack.h"

namespace lancea {
namespace {

using compress::FastLanesBytes;
using compress::FastLanesPack;
using compress::kFastLanesValues;

bool PacksTail(int64_t tail, int64_t bits, int64_t width) {
  return width * (kFastLanesValues - tail) < (bits - width) * tail;
}

// A block of fewer values, padded with zeros.
template <typename T>
void PackPadded(const T* values, int64_t num_values, int width, uint8_t* out) {
  T padded[kFastLanesValues];
  std::copy_n(values, num_values, padded);
  std::fill(padded + num_values, padded + kFastLanesValues, T{0});
  FastLanesPack(padded, width, out);
}

template <typename T>
void PackInline(const T* values, const FixedStatistics& statistics, uint8_t* out,
                std::vector<EncodedChunk>* chunks) {
  int64_t at = 0;
  for (uint8_t width : statistics.block_widths) {
    const int64_t num_values = std::min(kFastLanesValues, statistics.num_values - at);
    const T header = width;
    std::memcpy(out, &header, sizeof(T));
    if (num_values == kFastLanesValues) {
      FastLanesPack(values + at, width, out + sizeof(T));
    } else {
      PackPadded(values + at, num_values, width, out + sizeof(T));
    }
    EncodedChunk chunk;
    chunk.num_values = static_cast<uint32_t>(num_values);
    chunk.buffer_sizes[0] = static_cast<uint32_t>(sizeof(T) + FastLanesBytes(width));
    chunks->push_back(chunk);
    out += chunk.buffer_sizes[0];
    at += num_values;
  }
}

}  // namespace

arrow::Result<MiniBlockEncoding> EncodeInlineBitpacking(const ValueBlock& block,
                                                        const FixedStatistics& statistics,
                                                        arrow::MemoryPool* pool) {
  MiniBlockEncoding out;
  out.description = InlineBitpackingEncoding(block.bits_per_value);
  out.num_values = block.num_values;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes,
                        arrow::AllocateBuffer(statistics.inline_bitpacked_bytes(), pool));
  out.chunks.reserve(statistics.block_widths.size());
  VisitWord(block.bits_per_value, [&]<typename T>(T) {
    PackInline(ValuesAs<T>(block), statistics, bytes->mutable_data(), &out.chunks);
  });
  out.buffers = {std::move(bytes)};
  return out;
}

int64_t OutOfLineBytes(int64_t num_values, uint64_t bits, int width) {
  const int64_t tail = num_values % kFastLanesValues;
  const int64_t packed = FastLanesBytes(width);
  const int64_t full = num_values / kFastLanesValues * packed;
  if (tail == 0) return full;
  const int64_t word_bits = static_cast<int64_t>(bits);
  return full + (PacksTail(tail, word_bits, width) ? packed : tail * (word_bits / 8));
}

template <typename T>
void PackOutOfLine(std::span<const T> values, int width, uint8_t* out) {
  const int64_t num_values = static_cast<int64_t>(values.size());
  int64_t at = 0;
  for (; at + kFastLanesValues <= num_values; at += kFastLanesValues) {
    FastLanesPack(values.data() + at, width, out);
    out += FastLanesBytes(width);
  }
  const int64_t tail = num_values - at;
  if (tail == 0) return;
  if (PacksTail(tail, 8 * sizeof(T), width)) {
    PackPadded(values.data() + at, tail, width, out);
  } else {
    std::memcpy(out, values.data() + at, static_cast<size_t>(tail) * sizeof(T));
  }
}

template void PackOutOfLine(std::span<const uint8_t>, int, uint8_t*);
template void PackOutOfLine(std::span<const uint16_t>, int, uint8_t*);
template void PackOutOfLine(std::span<const uint32_t>, int, uint8_t*);
template void PackOutOfLine(std::span<const uint64_t>, int, uint8_t*);

}  // namespace lancea
