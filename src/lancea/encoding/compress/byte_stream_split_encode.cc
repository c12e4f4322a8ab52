#include "lancea/encoding/compress/byte_stream_split_encode.h"

#include "arrow/buffer.h"
#include "lancea/encoding/compress/block_bytes.h"
#include "lancea/encoding/compress/encoding_messages.h"
#include "lancea/encoding/compress/flat_encode.h"

namespace lancea {
namespace {

template <int64_t kWidth>
void Split(const uint8_t* values, int64_t num_values, uint8_t* out) {
  // Stream by stream within a piece that stays in the nearest cache.
  constexpr int64_t kPiece = 1024;
  for (int64_t begin = 0; begin < num_values; begin += kPiece) {
    const int64_t end = std::min(num_values, begin + kPiece);
    for (int64_t j = 0; j < kWidth; ++j) {
      for (int64_t i = begin; i < end; ++i) out[j * num_values + i] = values[i * kWidth + j];
    }
  }
}

}  // namespace

void SplitByteStreams(const uint8_t* values, int64_t num_values, int64_t width, uint8_t* out) {
  width == 4 ? Split<4>(values, num_values, out) : Split<8>(values, num_values, out);
}

arrow::Result<MiniBlockEncoding> EncodeByteStreamSplit(const ValueBlock& block,
                                                       const ChunkLimits& limits,
                                                       arrow::MemoryPool* pool) {
  // Cut as plain values are, then turned about chunk by chunk.
  ARROW_ASSIGN_OR_RAISE(MiniBlockEncoding out, EncodeFlatMiniBlock(block, limits, pool));
  out.description = ByteStreamSplitEncoding(block.bits_per_value);
  const int64_t width = static_cast<int64_t>(block.bits_per_value / 8);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes,
                        arrow::AllocateBuffer(block.num_values * width, pool));
  int64_t at = 0;
  for (const EncodedChunk& chunk : out.chunks) {
    SplitByteStreams(ValueData(block) + at, chunk.num_values, width, bytes->mutable_data() + at);
    at += chunk.num_values * width;
  }
  out.buffers = {std::move(bytes)};
  return out;
}

}  // namespace lancea
