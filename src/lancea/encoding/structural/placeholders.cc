#include "lancea/encoding/structural/placeholders.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"

namespace lancea {
namespace {

// Call f(index) for each null; stops when f returns false. Returns whether it went to the end.
template <typename F>
bool ForEachNull(std::span<const uint64_t> valid, int64_t num_values, F f) {
  for (size_t word = 0; word < valid.size(); ++word) {
    uint64_t nulls = ~valid[word];
    const int64_t base = static_cast<int64_t>(word) * 64;
    if (num_values - base < 64) nulls &= (uint64_t{1} << (num_values - base)) - 1;
    for (; nulls != 0; nulls &= nulls - 1) {
      if (!f(base + std::countr_zero(nulls))) return false;
    }
  }
  return true;
}

template <typename Word>
arrow::Status ClearWords(std::span<const uint64_t> valid, arrow::MemoryPool* pool,
                         ValueBlock* values) {
  const Word* words = values->values->data_as<Word>();
  const Word zero{};
  const bool clear = ForEachNull(valid, values->num_values, [&](int64_t i) {
    return std::memcmp(words + i, &zero, sizeof(Word)) == 0;
  });
  if (clear) return arrow::Status::OK();
  const int64_t size = values->num_values * static_cast<int64_t>(sizeof(Word));
  ARROW_ASSIGN_OR_RAISE(auto copy, arrow::AllocateBuffer(size, pool));
  std::memcpy(copy->mutable_data(), words, static_cast<size_t>(size));
  Word* out = copy->mutable_data_as<Word>();
  ForEachNull(valid, values->num_values, [&](int64_t i) {
    out[i] = zero;
    return true;
  });
  values->values = std::move(copy);
  return arrow::Status::OK();
}

// Values of whole bytes of any width.
arrow::Status ClearBytes(std::span<const uint64_t> valid, int64_t width, arrow::MemoryPool* pool,
                         ValueBlock* values) {
  const uint8_t* bytes = values->values->data();
  const bool clear = ForEachNull(valid, values->num_values, [&](int64_t i) {
    return std::all_of(bytes + i * width, bytes + (i + 1) * width,
                       [](uint8_t byte) { return byte == 0; });
  });
  if (clear) return arrow::Status::OK();
  const int64_t size = values->num_values * width;
  ARROW_ASSIGN_OR_RAISE(auto copy, arrow::AllocateBuffer(size, pool));
  std::memcpy(copy->mutable_data(), bytes, static_cast<size_t>(size));
  uint8_t* out = copy->mutable_data();
  ForEachNull(valid, values->num_values, [&](int64_t i) {
    std::memset(out + i * width, 0, static_cast<size_t>(width));
    return true;
  });
  values->values = std::move(copy);
  return arrow::Status::OK();
}

arrow::Status ClearBits(std::span<const uint64_t> valid, arrow::MemoryPool* pool,
                        ValueBlock* values) {
  const int64_t size = arrow::bit_util::BytesForBits(values->num_values);
  ARROW_ASSIGN_OR_RAISE(auto copy, arrow::AllocateBuffer(size, pool));
  const uint8_t* bits = values->values->data();
  const uint8_t* mask = reinterpret_cast<const uint8_t*>(valid.data());
  for (int64_t i = 0; i < size; ++i) copy->mutable_data()[i] = bits[i] & mask[i];
  values->values = std::move(copy);
  return arrow::Status::OK();
}

template <typename Offset>
arrow::Status ClearVariable(std::span<const uint64_t> valid, arrow::MemoryPool* pool,
                            ValueBlock* values) {
  const Offset* offsets = values->offsets->data_as<Offset>();
  const bool clear = ForEachNull(valid, values->num_values,
                                 [&](int64_t i) { return offsets[i] == offsets[i + 1]; });
  if (clear) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto new_offsets, arrow::AllocateBuffer(values->offsets->size(), pool));
  ARROW_ASSIGN_OR_RAISE(auto bytes, arrow::AllocateBuffer(values->values->size(), pool));
  Offset* out = new_offsets->mutable_data_as<Offset>();
  Offset at = 0;
  for (int64_t i = 0; i < values->num_values; ++i) {
    out[i] = at;
    if ((valid[i / 64] >> (i % 64) & 1) == 0) continue;
    const Offset size = offsets[i + 1] - offsets[i];
    if (size > 0) {
      std::memcpy(bytes->mutable_data() + at, values->values->data() + offsets[i],
                  static_cast<size_t>(size));
    }
    at += size;
  }
  out[values->num_values] = at;
  values->offsets = std::move(new_offsets);
  values->values = arrow::SliceBuffer(std::shared_ptr<arrow::Buffer>(std::move(bytes)), 0, at);
  return arrow::Status::OK();
}

}  // namespace

arrow::Status ClearNulls(std::span<const uint64_t> valid, arrow::MemoryPool* pool,
                         ValueBlock* values) {
  for (ValueBlock& child : values->children) {
    ARROW_RETURN_NOT_OK(ClearNulls(valid, pool, &child));
  }
  if (values->is_struct()) return arrow::Status::OK();
  if (values->is_variable()) {
    return values->bits_per_offset == 64 ? ClearVariable<int64_t>(valid, pool, values)
                                         : ClearVariable<int32_t>(valid, pool, values);
  }
  const int64_t bits = static_cast<int64_t>(values->bits_per_value * values->items_per_value());
  switch (bits) {
    case 0:
      return arrow::Status::OK();
    case 1:
      return ClearBits(valid, pool, values);
    case 8:
      return ClearWords<uint8_t>(valid, pool, values);
    case 16:
      return ClearWords<uint16_t>(valid, pool, values);
    case 32:
      return ClearWords<uint32_t>(valid, pool, values);
    case 64:
      return ClearWords<uint64_t>(valid, pool, values);
    default:
      // Lists of bits that do not fill bytes stay as they are.
      return bits % 8 == 0 ? ClearBytes(valid, bits / 8, pool, values) : arrow::Status::OK();
  }
}

}  // namespace lancea
