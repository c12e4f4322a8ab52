#include "lancea/encoding/compress/block_bytes.h"

#include <cstring>

#include "arrow/util/bit_util.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint64_t kMaxBitsPerValue = uint64_t{1} << 40;

arrow::Status CheckSize(const std::shared_ptr<arrow::Buffer>& buffer, unsigned __int128 bytes,
                        const char* what) {
  const int64_t size = buffer == nullptr ? 0 : buffer->size();
  if (static_cast<unsigned __int128>(size) >= bytes) return arrow::Status::OK();
  return InvalidInput(what, " of a block take ", static_cast<uint64_t>(bytes), " bytes, got ",
                      size);
}

arrow::Status Align(std::shared_ptr<arrow::Buffer>* buffer, uint64_t alignment,
                    arrow::MemoryPool* pool) {
  if (*buffer == nullptr || reinterpret_cast<uintptr_t>((*buffer)->data()) % alignment == 0) {
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(auto copy, arrow::AllocateBuffer((*buffer)->size(), pool));
  std::memcpy(copy->mutable_data(), (*buffer)->data(), static_cast<size_t>((*buffer)->size()));
  *buffer = std::move(copy);
  return arrow::Status::OK();
}

arrow::Status CheckVariable(ValueBlock* block, arrow::MemoryPool* pool) {
  const uint64_t bits = block->bits_per_offset;
  if ((bits != 32 && bits != 64) || block->bits_per_value != 0 || !block->list_levels.empty()) {
    return InvalidInput("a variable block with offsets of ", bits, " bits");
  }
  if (block->num_values == 0) return arrow::Status::OK();
  const auto count = static_cast<unsigned __int128>(block->num_values) + 1;
  ARROW_RETURN_NOT_OK(CheckSize(block->offsets, count * (bits / 8), "offsets"));
  ARROW_RETURN_NOT_OK(Align(&block->offsets, bits / 8, pool));
  bool ascend = true;
  uint64_t last = 0;
  VisitOffsets(*block, [&](const auto* offsets) {
    ascend = offsets[0] == 0;
    for (int64_t i = 0; i < block->num_values; ++i) ascend &= offsets[i] <= offsets[i + 1];
    last = offsets[block->num_values];
  });
  if (!ascend) return InvalidInput("offsets of a block do not ascend from 0");
  return CheckSize(block->values, last, "values");
}

arrow::Status CheckFixed(ValueBlock* block, arrow::MemoryPool* pool) {
  const uint64_t bits = block->bits_per_value;
  if (bits == 0 || (bits != 1 && bits % 8 != 0) || bits > kMaxBitsPerValue) {
    return InvalidInput("a block of values of ", bits, " bits");
  }
  unsigned __int128 items = static_cast<unsigned __int128>(block->num_values);
  uint64_t per_value = 1;
  for (const FixedSizeListLevel& level : block->list_levels) {
    if (level.dimension == 0 || level.dimension > kMaxBitsPerValue / bits / per_value) {
      return InvalidInput("fixed-size lists of ", level.dimension, " items of ", bits, " bits");
    }
    per_value *= level.dimension;
    items *= level.dimension;
    if (level.item_validity != nullptr) {
      ARROW_RETURN_NOT_OK(CheckSize(level.item_validity, (items + 7) / 8, "item validity"));
    }
  }
  ARROW_RETURN_NOT_OK(CheckSize(block->values, (items * bits + 7) / 8, "values"));
  if (bits == 16 || bits == 32 || bits == 64) return Align(&block->values, bits / 8, pool);
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<ValueBlock> CheckBlock(const ValueBlock& block, arrow::MemoryPool* pool) {
  ValueBlock out = block;
  if (out.num_values < 0) return InvalidInput("a block of ", out.num_values, " values");
  if (out.is_struct()) {
    for (ValueBlock& child : out.children) {
      if (child.num_values != out.num_values) {
        return InvalidInput("a struct of ", out.num_values, " values with a child of ",
                            child.num_values);
      }
      ARROW_ASSIGN_OR_RAISE(child, CheckBlock(child, pool));
    }
    return out;
  }
  ARROW_RETURN_NOT_OK(out.is_variable() ? CheckVariable(&out, pool) : CheckFixed(&out, pool));
  return out;
}

}  // namespace lancea
