#include "lancea/encoding/compress/variable_encode.h"

#include <algorithm>
#include <cstring>

#include "arrow/buffer.h"
#include "lancea/encoding/compress/block_bytes.h"
#include "lancea/encoding/compress/encoding_messages.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint8_t kPadByte = 0x48;

// Bytes of a chunk of values [begin, begin + count), padded.
template <typename Offset>
int64_t ChunkBytes(const Offset* offsets, int64_t begin, int64_t count) {
  constexpr int64_t kWidth = sizeof(Offset);
  const int64_t bytes =
      (count + 1) * kWidth + static_cast<int64_t>(offsets[begin + count] - offsets[begin]);
  return (bytes + kWidth - 1) / kWidth * kWidth;
}

// Values of the chunk that begins at `begin`: all that are left, or a power of two.
template <typename Offset>
int64_t ChunkValues(const Offset* offsets, int64_t begin, int64_t left, const ChunkLimits& limits) {
  if (left <= limits.max_values && ChunkBytes(offsets, begin, left) <= limits.max_bytes)
    return left;
  if (left == 1) return 1;
  int64_t count = 2;
  while (2 * count <= std::min(left, limits.max_values) &&
         ChunkBytes(offsets, begin, 2 * count) <= limits.max_bytes) {
    count *= 2;
  }
  return count;
}

template <typename Offset>
void WriteChunk(const Offset* offsets, const uint8_t* bytes, int64_t begin, int64_t count,
                int64_t size, uint8_t* out) {
  const Offset start = static_cast<Offset>((count + 1) * static_cast<int64_t>(sizeof(Offset)));
  const Offset first = offsets[begin];
  Offset* const out_offsets = reinterpret_cast<Offset*>(out);
  for (int64_t i = 0; i <= count; ++i) out_offsets[i] = offsets[begin + i] - first + start;
  const size_t length = static_cast<size_t>(offsets[begin + count] - first);
  std::memcpy(out + start, bytes + first, length);
  std::memset(out + start + length, kPadByte, static_cast<size_t>(size) - start - length);
}

template <typename Offset>
arrow::Result<std::shared_ptr<arrow::Buffer>> WriteChunks(const Offset* offsets,
                                                          const ValueBlock& block,
                                                          const ChunkLimits& limits,
                                                          std::vector<EncodedChunk>* chunks,
                                                          arrow::MemoryPool* pool) {
  int64_t total = 0;
  for (int64_t at = 0; at < block.num_values;) {
    EncodedChunk chunk;
    const int64_t count = ChunkValues(offsets, at, block.num_values - at, limits);
    const int64_t size = ChunkBytes(offsets, at, count);
    if (size > limits.hard_bytes) {
      return InvalidInput("a mini-block chunk of ", count, " values takes ", size,
                          " bytes, at most ", limits.hard_bytes, ": values this long are full-zip");
    }
    chunk.num_values = static_cast<uint32_t>(count);
    chunk.buffer_sizes[0] = static_cast<uint32_t>(size);
    chunks->push_back(chunk);
    total += size;
    at += count;
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out, arrow::AllocateBuffer(total, pool));
  uint8_t* to = out->mutable_data();
  int64_t at = 0;
  for (const EncodedChunk& chunk : *chunks) {
    WriteChunk(offsets, ValueData(block), at, chunk.num_values, chunk.buffer_sizes[0], to);
    to += chunk.buffer_sizes[0];
    at += chunk.num_values;
  }
  return out;
}

}  // namespace

arrow::Result<MiniBlockEncoding> EncodeVariableMiniBlock(const ValueBlock& block,
                                                         const ChunkLimits& limits,
                                                         arrow::MemoryPool* pool) {
  MiniBlockEncoding out;
  out.description = VariableEncoding(block.bits_per_offset);
  out.num_values = block.num_values;
  ARROW_ASSIGN_OR_RAISE(auto bytes, VisitOffsets(block, [&](const auto* offsets) {
                          return WriteChunks(offsets, block, limits, &out.chunks, pool);
                        }));
  out.buffers = {std::move(bytes)};
  return out;
}

arrow::Result<BlockEncoding> EncodeVariableBlock(const ValueBlock& block, arrow::MemoryPool* pool) {
  BlockEncoding out;
  out.description = VariableEncoding(block.bits_per_offset);
  const uint64_t width = block.bits_per_offset / 8;
  const uint64_t offset_bytes = (static_cast<uint64_t>(block.num_values) + 1) * width;
  const uint64_t position = 2 * width + offset_bytes;
  const uint64_t total = static_cast<uint64_t>(TotalBytes(block));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes,
                        arrow::AllocateBuffer(static_cast<int64_t>(position + total), pool));
  uint8_t* const to = bytes->mutable_data();
  // Both numbers are as wide as an offset; little-endian, so that narrow ones are cut.
  std::memcpy(to, &block.bits_per_offset, width);
  std::memcpy(to + width, &position, width);
  if (block.num_values > 0) {
    std::memcpy(to + 2 * width, block.offsets->data(), offset_bytes);
  } else {
    std::memset(to + 2 * width, 0, offset_bytes);
  }
  std::memcpy(to + position, ValueData(block), total);
  out.bytes = std::move(bytes);
  return out;
}

}  // namespace lancea
