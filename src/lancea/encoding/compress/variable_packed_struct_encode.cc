#include "lancea/encoding/compress/variable_packed_struct_encode.h"

#include <cstring>
#include <type_traits>

#include "arrow/buffer.h"
#include "lancea/encoding/compress/block_bytes.h"
#include "lancea/encoding/compress/make_encoder.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// Add to each row's size what a child takes in it.
void AddSizes(const ValueBlock& child, std::vector<uint64_t>* sizes) {
  if (!child.is_variable()) {
    for (uint64_t& size : *sizes) size += child.bits_per_value / 8;
    return;
  }
  VisitOffsets(child, [&](const auto* offsets) {
    for (size_t i = 0; i < sizes->size(); ++i) {
      (*sizes)[i] += sizeof(*offsets) + (offsets[i + 1] - offsets[i]);
    }
  });
}

// Write a child's part of every row; `ends` say how far each row is written.
void WriteChild(const ValueBlock& child, uint8_t* rows, std::vector<uint64_t>* ends) {
  const uint8_t* const from = ValueData(child);
  if (!child.is_variable()) {
    const size_t width = child.bits_per_value / 8;
    for (size_t i = 0; i < ends->size(); ++i) {
      std::memcpy(rows + (*ends)[i], from + i * width, width);
      (*ends)[i] += width;
    }
    return;
  }
  VisitOffsets(child, [&](const auto* offsets) {
    for (size_t i = 0; i < ends->size(); ++i) {
      const auto length = offsets[i + 1] - offsets[i];
      uint8_t* const to = rows + (*ends)[i];
      std::memcpy(to, &length, sizeof(length));
      std::memcpy(to + sizeof(length), from + offsets[i], length);
      (*ends)[i] += sizeof(length) + length;
    }
  });
}

template <typename Offset>
arrow::Result<std::shared_ptr<arrow::Buffer>> MakeOffsets(const std::vector<uint64_t>& starts,
                                                          uint64_t total, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> out,
      arrow::AllocateBuffer(static_cast<int64_t>((starts.size() + 1) * sizeof(Offset)), pool));
  Offset* const to = reinterpret_cast<Offset*>(out->mutable_data());
  for (size_t i = 0; i < starts.size(); ++i) to[i] = static_cast<Offset>(starts[i]);
  to[starts.size()] = static_cast<Offset>(total);
  return out;
}

}  // namespace

arrow::Result<PerValueEncoding> EncodeVariablePackedStruct(const ValueBlock& block,
                                                           const EncodingOptions& options,
                                                           arrow::MemoryPool* pool) {
  PerValueEncoding out;
  auto* message = out.description.mutable_variable_packed_struct();
  std::vector<ValueBlock> children;
  std::vector<uint64_t> ends(static_cast<size_t>(block.num_values));
  for (const ValueBlock& child : block.children) {
    if (child.is_struct()) return Unsupported("a struct inside a packed struct");
    ARROW_ASSIGN_OR_RAISE(PerValueEncoding encoded, EncodePerValue(child, options, pool));
    auto* field = message->add_fields();
    *field->mutable_value() = std::move(encoded.description);
    if (encoded.values.is_variable()) {
      field->set_bits_per_length(encoded.values.bits_per_offset);
    } else {
      field->set_bits_per_value(encoded.values.bits_per_value);
    }
    AddSizes(encoded.values, &ends);
    children.push_back(std::move(encoded.values));
  }
  uint64_t total = 0;
  for (uint64_t& end : ends) {
    const uint64_t size = end;
    end = total;
    total += size;
  }
  const bool wide = total > INT32_MAX;
  ARROW_ASSIGN_OR_RAISE(out.values.offsets, wide ? MakeOffsets<uint64_t>(ends, total, pool)
                                                 : MakeOffsets<uint32_t>(ends, total, pool));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> rows,
                        arrow::AllocateBuffer(static_cast<int64_t>(total), pool));
  for (const ValueBlock& child : children) WriteChild(child, rows->mutable_data(), &ends);
  out.values.num_values = block.num_values;
  out.values.bits_per_offset = wide ? 64 : 32;
  out.values.values = std::move(rows);
  return out;
}

}  // namespace lancea
