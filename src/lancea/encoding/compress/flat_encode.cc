#include "lancea/encoding/compress/flat_encode.h"

#include <algorithm>
#include <cstring>

#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/encoding/compress/block_bytes.h"
#include "lancea/encoding/compress/encoding_messages.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::bit_util::BytesForBits;

struct ValidityLevel {
  std::shared_ptr<arrow::Buffer> bits;
  int64_t items_per_value;
};

std::vector<ValidityLevel> ValidityLevels(const ValueBlock& block) {
  std::vector<ValidityLevel> out;
  int64_t items = 1;
  for (const FixedSizeListLevel& level : block.list_levels) {
    items *= static_cast<int64_t>(level.dimension);
    if (level.item_validity != nullptr) out.push_back({level.item_validity, items});
  }
  return out;
}

// Bits of all chunks, each chunk's from a whole byte on; shared when that is how they lie.
arrow::Result<std::shared_ptr<arrow::Buffer>> CutBits(const std::shared_ptr<arrow::Buffer>& bits,
                                                      int64_t bits_per_value, int64_t num_values,
                                                      int64_t chunk_values,
                                                      arrow::MemoryPool* pool) {
  const int64_t chunk_bits = bits_per_value * chunk_values;
  if (chunk_bits % 8 == 0 || num_values <= chunk_values) {
    if (bits == nullptr) return arrow::AllocateBuffer(0, pool);
    return arrow::SliceBuffer(bits, 0, BytesForBits(bits_per_value * num_values));
  }
  const int64_t chunk_bytes = BytesForBits(chunk_bits);
  const int64_t full = (num_values - 1) / chunk_values;
  const int64_t tail = num_values - full * chunk_values;
  const int64_t size = full * chunk_bytes + BytesForBits(tail * bits_per_value);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out, arrow::AllocateBuffer(size, pool));
  std::memset(out->mutable_data(), 0, static_cast<size_t>(size));
  for (int64_t at = 0, chunk = 0; at < num_values; at += chunk_values, ++chunk) {
    arrow::internal::CopyBitmap(bits->data(), at * bits_per_value,
                                std::min(chunk_values, num_values - at) * bits_per_value,
                                out->mutable_data() + chunk * chunk_bytes, 0);
  }
  return out;
}

// Bytes of a row: validity of each level, then the items; 1-bit items that are no list take a byte.
int64_t RowBytes(const ValueBlock& block, const std::vector<ValidityLevel>& validity) {
  int64_t bytes = BytesForBits(static_cast<int64_t>(TotalBits(block)));
  for (const ValidityLevel& level : validity) bytes += BytesForBits(level.items_per_value);
  return bytes;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> MakeRows(const ValueBlock& block,
                                                       const std::vector<ValidityLevel>& validity,
                                                       arrow::MemoryPool* pool) {
  const int64_t row_bytes = RowBytes(block, validity);
  const int64_t item_bits = static_cast<int64_t>(TotalBits(block));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out,
                        arrow::AllocateBuffer(row_bytes * block.num_values, pool));
  uint8_t* to = out->mutable_data();
  std::memset(to, 0, static_cast<size_t>(out->size()));
  for (int64_t i = 0; i < block.num_values; ++i) {
    for (const ValidityLevel& level : validity) {
      arrow::internal::CopyBitmap(level.bits->data(), i * level.items_per_value,
                                  level.items_per_value, to, 0);
      to += BytesForBits(level.items_per_value);
    }
    if (item_bits % 8 == 0) {
      std::memcpy(to, ValueData(block) + i * (item_bits / 8), static_cast<size_t>(item_bits / 8));
    } else {
      arrow::internal::CopyBitmap(ValueData(block), i * item_bits, item_bits, to, 0);
    }
    to += BytesForBits(item_bits);
  }
  return out;
}

template <size_t kWidth>
void CopyColumn(const uint8_t* from, int64_t num_values, int64_t row_bytes, uint8_t* to) {
  for (int64_t i = 0; i < num_values; ++i) {
    std::memcpy(to + i * row_bytes, from + i * static_cast<int64_t>(kWidth), kWidth);
  }
}

void CopyColumn(const uint8_t* from, size_t width, int64_t num_values, int64_t row_bytes,
                uint8_t* to) {
  switch (width) {
    case 1:
      return CopyColumn<1>(from, num_values, row_bytes, to);
    case 2:
      return CopyColumn<2>(from, num_values, row_bytes, to);
    case 4:
      return CopyColumn<4>(from, num_values, row_bytes, to);
    case 8:
      return CopyColumn<8>(from, num_values, row_bytes, to);
    case 16:
      return CopyColumn<16>(from, num_values, row_bytes, to);
    default:
      for (int64_t i = 0; i < num_values; ++i) {
        std::memcpy(to + i * row_bytes, from + static_cast<size_t>(i) * width, width);
      }
  }
}

}  // namespace

EncodingMessage DescribeFlat(const ValueBlock& block) {
  EncodingMessage out = FlatEncoding(block.bits_per_value);
  for (size_t i = block.list_levels.size(); i-- > 0;) {
    const FixedSizeListLevel& level = block.list_levels[i];
    out = FixedSizeListEncoding(level.dimension, level.item_validity != nullptr, std::move(out));
  }
  return out;
}

arrow::Result<MiniBlockEncoding> EncodeFlatMiniBlock(const ValueBlock& block,
                                                     const ChunkLimits& limits,
                                                     arrow::MemoryPool* pool) {
  MiniBlockEncoding out;
  out.description = DescribeFlat(block);
  out.num_values = block.num_values;
  const std::vector<ValidityLevel> validity = ValidityLevels(block);
  if (validity.size() >= EncodedChunk::kMaxBuffers) {
    return Unsupported("fixed-size lists with nulls at ", validity.size(), " levels");
  }
  const int64_t value_bits = static_cast<int64_t>(TotalBits(block));
  int64_t all_bits = value_bits;
  for (const ValidityLevel& level : validity) all_bits += level.items_per_value;
  // The data of a chunk are copied only for their validity's sake, so they end at whole bytes.
  const int64_t least = value_bits % 8 == 0 ? 2 : 8;
  int64_t chunk_values = least;
  while (2 * chunk_values <= limits.max_values &&
         BytesForBits(2 * chunk_values * all_bits) <= limits.max_bytes) {
    chunk_values *= 2;
  }
  if (std::min(chunk_values, block.num_values) * all_bits / 8 > limits.hard_bytes) {
    return InvalidInput("a mini-block chunk of ", chunk_values, " values of ", all_bits / 8,
                        " bytes, at most ", limits.hard_bytes,
                        " bytes: values this wide are full-zip");
  }
  for (const ValidityLevel& level : validity) {
    ARROW_ASSIGN_OR_RAISE(auto bits, CutBits(level.bits, level.items_per_value, block.num_values,
                                             chunk_values, pool));
    out.buffers.push_back(std::move(bits));
  }
  ARROW_ASSIGN_OR_RAISE(auto values,
                        CutBits(block.values, value_bits, block.num_values, chunk_values, pool));
  out.buffers.push_back(std::move(values));
  for (int64_t at = 0; at < block.num_values; at += chunk_values) {
    const int64_t count = std::min(chunk_values, block.num_values - at);
    EncodedChunk chunk;
    chunk.num_values = static_cast<uint32_t>(count);
    size_t buffer = 0;
    for (const ValidityLevel& level : validity) {
      chunk.buffer_sizes[buffer++] =
          static_cast<uint32_t>(BytesForBits(count * level.items_per_value));
    }
    chunk.buffer_sizes[buffer] = static_cast<uint32_t>(BytesForBits(count * value_bits));
    out.chunks.push_back(chunk);
  }
  return out;
}

arrow::Result<PerValueEncoding> EncodeFlatPerValue(const ValueBlock& block,
                                                   arrow::MemoryPool* pool) {
  PerValueEncoding out;
  out.values.num_values = block.num_values;
  if (block.bits_per_value == 1 && block.list_levels.empty()) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes,
                          arrow::AllocateBuffer(block.num_values, pool));
    for (int64_t i = 0; i < block.num_values; ++i) {
      bytes->mutable_data()[i] = arrow::bit_util::GetBit(ValueData(block), i);
    }
    out.description = FlatEncoding(8);
    out.values.bits_per_value = 8;
    out.values.values = std::move(bytes);
    return out;
  }
  out.description = DescribeFlat(block);
  const std::vector<ValidityLevel> validity = ValidityLevels(block);
  out.values.bits_per_value = static_cast<uint64_t>(RowBytes(block, validity)) * 8;
  if (validity.empty() && TotalBits(block) % 8 == 0) {
    out.values.values = block.values;
    return out;
  }
  ARROW_ASSIGN_OR_RAISE(out.values.values, MakeRows(block, validity, pool));
  return out;
}

arrow::Result<BlockEncoding> EncodeFlatBlock(const ValueBlock& block, arrow::MemoryPool* pool) {
  BlockEncoding out;
  out.description = DescribeFlat(block);
  const std::vector<ValidityLevel> validity = ValidityLevels(block);
  if (!validity.empty()) {
    ARROW_ASSIGN_OR_RAISE(out.bytes, MakeRows(block, validity, pool));
    return out;
  }
  ARROW_ASSIGN_OR_RAISE(
      out.bytes, CutBits(block.values, static_cast<int64_t>(TotalBits(block)), block.num_values,
                         std::max<int64_t>(1, block.num_values), pool));
  return out;
}

arrow::Result<ValueBlock> PackStruct(const ValueBlock& block, EncodingMessage* description,
                                     arrow::MemoryPool* pool) {
  ValueBlock out;
  out.num_values = block.num_values;
  auto* packed = description->mutable_packed_struct();
  for (const ValueBlock& child : block.children) {
    if (child.is_variable() || child.is_struct() || TotalBits(child) % 8 != 0 ||
        !ValidityLevels(child).empty()) {
      return InvalidInput(
          "children of a packed struct are fixed values of whole bytes without nulls");
    }
    packed->add_bits_per_value(TotalBits(child));
    out.bits_per_value += TotalBits(child);
  }
  *packed->mutable_values() = FlatEncoding(out.bits_per_value);
  const int64_t row_bytes = static_cast<int64_t>(out.bits_per_value / 8);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> rows,
                        arrow::AllocateBuffer(row_bytes * block.num_values, pool));
  uint8_t* to = rows->mutable_data();
  for (const ValueBlock& child : block.children) {
    const size_t width = TotalBits(child) / 8;
    CopyColumn(ValueData(child), width, block.num_values, row_bytes, to);
    to += width;
  }
  out.values = std::move(rows);
  return out;
}

}  // namespace lancea
