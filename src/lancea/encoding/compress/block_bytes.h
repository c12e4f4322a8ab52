// Reaching into a ValueBlock: typed views of its buffers, and the checks that make them safe.
#pragma once

#include <cstdint>

#include "arrow/buffer.h"
#include "arrow/result.h"
#include "lancea/encoding/value_block.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// Never nullptr, so that ranges of no bytes may be copied.
inline const uint8_t* BufferData(const std::shared_ptr<arrow::Buffer>& buffer) {
  static constexpr uint64_t kNothing = 0;
  return buffer != nullptr && buffer->data() != nullptr
             ? buffer->data()
             : reinterpret_cast<const uint8_t*>(&kNothing);
}

inline const uint8_t* ValueData(const ValueBlock& block) { return BufferData(block.values); }

template <typename T>
const T* ValuesAs(const ValueBlock& block) {
  return reinterpret_cast<const T*>(ValueData(block));
}

/// Bits that a value takes, all items of a fixed-size list together.
inline uint64_t TotalBits(const ValueBlock& block) {
  return block.bits_per_value * block.items_per_value();
}

/// Call `visit(T{})` with the unsigned word of `bits` bits: 8, 16, 32 or 64.
template <typename Visit>
void VisitWord(uint64_t bits, Visit visit) {
  switch (bits) {
    case 8:
      return visit(uint8_t{});
    case 16:
      return visit(uint16_t{});
    case 32:
      return visit(uint32_t{});
    default:
      return visit(uint64_t{});
  }
}

/// Call `visit(offsets)` with the offsets of a variable block as uint32_t or uint64_t.
template <typename Visit>
decltype(auto) VisitOffsets(const ValueBlock& block, Visit visit) {
  const uint8_t* const offsets = BufferData(block.offsets);
  return block.bits_per_offset == 32 ? visit(reinterpret_cast<const uint32_t*>(offsets))
                                     : visit(reinterpret_cast<const uint64_t*>(offsets));
}

/// Bytes of all values of a variable block.
inline int64_t TotalBytes(const ValueBlock& block) {
  if (block.num_values == 0) return 0;
  return VisitOffsets(
      block, [&](const auto* offsets) { return static_cast<int64_t>(offsets[block.num_values]); });
}

/// The block, checked: its shape is one of those in value_block.h and its buffers hold its values.
/// Buffers that lie at an address unfit for their words are copied.
/// \return InvalidInput otherwise
arrow::Result<ValueBlock> CheckBlock(const ValueBlock& block, arrow::MemoryPool* pool);

}  // namespace lancea
