#include "lancea/encoding/v2_3/spread_values.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "arrow/array/array_base.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/extension_type.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/bit_util.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/encoding/v2_3/slot_runs.h"
#include "lancea/util/errors.h"

namespace lancea::v2_3 {
namespace {

using arrow::ArrayData;
using arrow::Buffer;
using arrow::Type;

arrow::Result<std::shared_ptr<Buffer>> SpreadBits(const Buffer& bits, int64_t offset,
                                                  std::span<const RowRange> targets,
                                                  int64_t num_slots, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::AllocateEmptyBitmap(num_slots, pool));
  for (const RowRange& target : targets) {
    arrow::internal::CopyBitmap(bits.data(), offset, static_cast<int64_t>(target.size()),
                                out->mutable_data(), static_cast<int64_t>(target.start));
    offset += static_cast<int64_t>(target.size());
  }
  return out;
}

arrow::Result<std::shared_ptr<Buffer>> SpreadBytes(const uint8_t* in, int64_t width,
                                                   std::span<const RowRange> targets,
                                                   int64_t num_slots, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(num_slots * width, pool));
  uint8_t* const out = buffer->mutable_data();
  int64_t written = 0;
  for (const RowRange& target : targets) {
    const int64_t begin = static_cast<int64_t>(target.start) * width;
    const int64_t size = static_cast<int64_t>(target.size()) * width;
    std::memset(out + written, 0, static_cast<size_t>(begin - written));
    std::memcpy(out + begin, in, static_cast<size_t>(size));
    in += size;
    written = begin + size;
  }
  std::memset(out + written, 0, static_cast<size_t>(num_slots * width - written));
  return buffer;
}

template <typename Offset>
arrow::Result<std::shared_ptr<Buffer>> SpreadOffsets(const Offset* in,
                                                     std::span<const RowRange> targets,
                                                     int64_t num_slots, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(
      auto buffer,
      arrow::AllocateBuffer((num_slots + 1) * static_cast<int64_t>(sizeof(Offset)), pool));
  auto* const out = reinterpret_cast<Offset*>(buffer->mutable_data());
  int64_t next = 0;
  for (const RowRange& target : targets) {
    const auto begin = static_cast<int64_t>(target.start);
    std::fill(out + next, out + begin, *in);
    std::copy_n(in, target.size(), out + begin);
    in += target.size();
    next = static_cast<int64_t>(target.end);
  }
  std::fill(out + next, out + num_slots + 1, *in);
  return buffer;
}

arrow::Result<std::shared_ptr<ArrayData>> Spread(const ArrayData& stored,
                                                 std::span<const RowRange> targets,
                                                 int64_t num_slots, arrow::MemoryPool* pool) {
  auto out = std::make_shared<ArrayData>(stored.type, num_slots);
  out->buffers = stored.buffers;
  out->null_count = 0;
  out->dictionary = stored.dictionary;
  if (!stored.buffers.empty() && stored.buffers[0] != nullptr) {
    ARROW_ASSIGN_OR_RAISE(out->buffers[0],
                          SpreadBits(*stored.buffers[0], stored.offset, targets, num_slots, pool));
    out->null_count = arrow::kUnknownNullCount;
  }
  const arrow::DataType* type = stored.type.get();
  if (type->id() == Type::EXTENSION) {
    type = static_cast<const arrow::ExtensionType&>(*type).storage_type().get();
  }
  switch (type->id()) {
    case Type::NA:
      return out;
    case Type::BOOL: {
      ARROW_ASSIGN_OR_RAISE(
          out->buffers[1], SpreadBits(*stored.buffers[1], stored.offset, targets, num_slots, pool));
      return out;
    }
    case Type::STRING:
    case Type::BINARY: {
      ARROW_ASSIGN_OR_RAISE(out->buffers[1],
                            SpreadOffsets(stored.GetValues<int32_t>(1), targets, num_slots, pool));
      return out;
    }
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY: {
      ARROW_ASSIGN_OR_RAISE(out->buffers[1],
                            SpreadOffsets(stored.GetValues<int64_t>(1), targets, num_slots, pool));
      return out;
    }
    case Type::STRUCT:
    case Type::FIXED_SIZE_LIST: {
      const int64_t items = type->id() == Type::STRUCT
                                ? 1
                                : static_cast<const arrow::FixedSizeListType&>(*type).list_size();
      std::vector<RowRange> item_targets;
      item_targets.reserve(targets.size());
      for (const RowRange& target : targets) {
        AppendRange(&item_targets, target.start * static_cast<uint64_t>(items),
                    target.end * static_cast<uint64_t>(items));
      }
      for (const auto& child : stored.child_data) {
        const auto part = child->Slice(stored.offset * items, stored.length * items);
        ARROW_ASSIGN_OR_RAISE(auto spread, Spread(*part, item_targets, num_slots * items, pool));
        out->child_data.push_back(std::move(spread));
      }
      return out;
    }
    default:
      break;
  }
  const int bits = arrow::is_fixed_width(type->id()) ? type->bit_width() : 0;
  if (bits < 8 || bits % 8 != 0) {
    return Unsupported("sparse values of type ", stored.type->ToString());
  }
  const int64_t width = bits / 8;
  ARROW_ASSIGN_OR_RAISE(out->buffers[1],
                        SpreadBytes(stored.buffers[1]->data() + stored.offset * width, width,
                                    targets, num_slots, pool));
  return out;
}

}  // namespace

arrow::Result<std::shared_ptr<ArrayData>> SpreadValues(const std::shared_ptr<ArrayData>& stored,
                                                       std::span<const RowRange> targets,
                                                       int64_t num_slots, arrow::MemoryPool* pool) {
  const auto num_stored = static_cast<int64_t>(TotalSize(targets));
  if (stored->length != num_stored) {
    return Corrupt("decoded ", stored->length, " values for ", num_stored, " slots");
  }
  if (num_stored == num_slots) return stored;
  return Spread(*stored, targets, num_slots, pool);
}

arrow::Result<std::shared_ptr<ArrayData>> EmptyValues(const std::shared_ptr<arrow::DataType>& type,
                                                      int64_t num_slots, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(type, num_slots, pool));
  auto out = nulls->data()->Copy();
  if (type->id() != Type::NA) {
    out->buffers[0] = nullptr;
    out->null_count = 0;
  }
  return out;
}

}  // namespace lancea::v2_3
