#include "lancea/encoding/structural/gather_values.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "arrow/array/array_base.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/extension_type.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/bit_util.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/encoding/structural/placeholders.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::Type;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

// Slots of one array, numbered as its buffers have them.
struct Piece {
  const arrow::ArrayData* data;
  SlotRange slots;
};
using Pieces = std::vector<Piece>;

int64_t CountSlots(const Pieces& pieces) {
  int64_t count = 0;
  for (const Piece& piece : pieces) count += piece.slots.size();
  return count;
}

Pieces ChildPieces(const Pieces& pieces, size_t child, int64_t dimension) {
  Pieces out;
  for (const Piece& piece : pieces) {
    const arrow::ArrayData* data = piece.data->child_data[child].get();
    out.push_back({data,
                   {piece.slots.begin * dimension + data->offset,
                    piece.slots.end * dimension + data->offset}});
  }
  return out;
}

const uint8_t* ValidityOf(const arrow::ArrayData& data) {
  const bool none = data.buffers.empty() || data.buffers[0] == nullptr || data.null_count == 0;
  return none ? nullptr : data.buffers[0]->data();
}

bool HasNulls(const Pieces& pieces) {
  return std::ranges::any_of(pieces, [](const Piece& piece) {
    const uint8_t* validity = ValidityOf(*piece.data);
    return validity != nullptr &&
           arrow::internal::CountSetBits(validity, piece.slots.begin, piece.slots.size()) !=
               piece.slots.size();
  });
}

arrow::Result<BufferPtr> GatherValidity(const Pieces& pieces, arrow::MemoryPool* pool) {
  if (!HasNulls(pieces)) return BufferPtr();
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::AllocateBitmap(CountSlots(pieces), pool));
  int64_t at = 0;
  for (const Piece& piece : pieces) {
    if (const uint8_t* validity = ValidityOf(*piece.data)) {
      arrow::internal::CopyBitmap(validity, piece.slots.begin, piece.slots.size(),
                                  out->mutable_data(), at);
    } else {
      arrow::bit_util::SetBitsTo(out->mutable_data(), at, piece.slots.size(), true);
    }
    at += piece.slots.size();
  }
  return BufferPtr(std::move(out));
}

arrow::Result<BufferPtr> GatherFixed(const Pieces& pieces, int64_t bits, arrow::MemoryPool* pool) {
  const int64_t count = CountSlots(pieces);
  if (count == 0) return std::make_shared<arrow::Buffer>(nullptr, 0);
  const int64_t num_bytes = arrow::bit_util::BytesForBits(count * bits);
  if (pieces.size() == 1 && pieces[0].slots.begin * bits % 8 == 0) {
    return arrow::SliceBuffer(pieces[0].data->buffers[1], pieces[0].slots.begin * bits / 8,
                              num_bytes);
  }
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::AllocateBuffer(num_bytes, pool));
  if (bits == 1) out->mutable_data()[num_bytes - 1] = 0;
  int64_t at = 0;
  for (const Piece& piece : pieces) {
    if (piece.slots.size() == 0) continue;
    const uint8_t* from = piece.data->buffers[1]->data();
    if (bits == 1) {
      arrow::internal::CopyBitmap(from, piece.slots.begin, piece.slots.size(), out->mutable_data(),
                                  at);
      at += piece.slots.size();
    } else {
      const int64_t size = piece.slots.size() * bits / 8;
      std::memcpy(out->mutable_data() + at, from + piece.slots.begin * bits / 8, size);
      at += size;
    }
  }
  return BufferPtr(std::move(out));
}

template <typename Offset>
arrow::Status GatherVariable(const Pieces& pieces, ValueBlock* out, arrow::MemoryPool* pool) {
  int64_t num_bytes = 0;
  for (const Piece& piece : pieces) {
    if (piece.slots.size() == 0) continue;
    const Offset* offsets = piece.data->buffers[1]->data_as<Offset>();
    num_bytes += offsets[piece.slots.end] - offsets[piece.slots.begin];
  }
  if (num_bytes > std::numeric_limits<Offset>::max()) {
    return arrow::Status::CapacityError("a page of ", num_bytes, " bytes of 32-bit offsets");
  }
  const int64_t count = CountSlots(pieces);
  if (pieces.size() == 1 && count > 0) {
    const auto& buffers = pieces[0].data->buffers;
    const SlotRange slots = pieces[0].slots;
    const Offset first = buffers[1]->data_as<Offset>()[slots.begin];
    out->values = buffers[2] == nullptr ? std::make_shared<arrow::Buffer>(nullptr, 0)
                                        : arrow::SliceBuffer(buffers[2], first, num_bytes);
    if (first == 0) {
      out->offsets =
          arrow::SliceBuffer(buffers[1], slots.begin * static_cast<int64_t>(sizeof(Offset)),
                             (count + 1) * static_cast<int64_t>(sizeof(Offset)));
      return arrow::Status::OK();
    }
  }
  ARROW_ASSIGN_OR_RAISE(
      auto offsets,
      arrow::AllocateBuffer((count + 1) * static_cast<int64_t>(sizeof(Offset)), pool));
  std::unique_ptr<arrow::Buffer> bytes;
  if (out->values == nullptr) {
    ARROW_ASSIGN_OR_RAISE(bytes, arrow::AllocateBuffer(num_bytes, pool));
  }
  Offset* next = offsets->mutable_data_as<Offset>();
  *next++ = 0;
  Offset at = 0;
  for (const Piece& piece : pieces) {
    if (piece.slots.size() == 0) continue;
    const Offset* from = piece.data->buffers[1]->data_as<Offset>() + piece.slots.begin;
    const Offset shift = at - from[0];
    for (int64_t i = 1; i <= piece.slots.size(); ++i) *next++ = from[i] + shift;
    const Offset size = from[piece.slots.size()] - from[0];
    if (bytes != nullptr && size > 0) {
      std::memcpy(bytes->mutable_data() + at, piece.data->buffers[2]->data() + from[0], size);
    }
    at += size;
  }
  out->offsets = std::move(offsets);
  if (bytes != nullptr) out->values = std::move(bytes);
  return arrow::Status::OK();
}

// A packed struct stores no validity of its children.
arrow::Status RefuseNulls(const Pieces& pieces, std::span<const uint64_t> valid,
                          const arrow::Field& field) {
  if (!HasNulls(pieces)) return arrow::Status::OK();
  int64_t at = 0;
  for (const Piece& piece : pieces) {
    const uint8_t* validity = ValidityOf(*piece.data);
    for (int64_t slot = piece.slots.begin; slot < piece.slots.end; ++slot, ++at) {
      if (validity == nullptr || arrow::bit_util::GetBit(validity, slot)) continue;
      if (valid.empty() || (valid[at / 64] >> (at % 64) & 1)) {
        return InvalidInput("field \"", field.name(), "\" of a packed struct holds a null");
      }
    }
  }
  return arrow::Status::OK();
}

arrow::Result<ValueBlock> Gather(const std::shared_ptr<arrow::DataType>& type, const Pieces& pieces,
                                 std::span<const uint64_t> valid, arrow::MemoryPool* pool) {
  ValueBlock out;
  out.num_values = CountSlots(pieces);
  if (arrow::is_base_binary_like(type->id())) {
    const bool large = arrow::is_large_binary_like(type->id());
    out.bits_per_offset = large ? 64 : 32;
    out.is_utf8 = type->id() == Type::STRING || type->id() == Type::LARGE_STRING;
    ARROW_RETURN_NOT_OK(large ? GatherVariable<int64_t>(pieces, &out, pool)
                              : GatherVariable<int32_t>(pieces, &out, pool));
    return out;
  }
  if (type->id() == Type::STRUCT) {
    for (int i = 0; i < type->num_fields(); ++i) {
      const arrow::Field& field = *type->field(i);
      Pieces child = ChildPieces(pieces, static_cast<size_t>(i), 1);
      ARROW_RETURN_NOT_OK(RefuseNulls(child, valid, field));
      ARROW_ASSIGN_OR_RAISE(auto block, Gather(field.type(), child, valid, pool));
      const bool item_nulls = std::ranges::any_of(
          block.list_levels, [](const auto& level) { return level.item_validity != nullptr; });
      if (block.is_struct() || item_nulls) {
        return Unsupported("field \"", field.name(), "\" of a packed struct is ",
                           field.type()->ToString(), item_nulls ? " with nulls" : "");
      }
      out.children.push_back(std::move(block));
    }
    return out;
  }
  Pieces items = pieces;
  const arrow::DataType* item = type.get();
  while (item->id() == Type::FIXED_SIZE_LIST) {
    const auto& list = static_cast<const arrow::FixedSizeListType&>(*item);
    items = ChildPieces(items, 0, list.list_size());
    FixedSizeListLevel level;
    level.dimension = static_cast<uint64_t>(list.list_size());
    ARROW_ASSIGN_OR_RAISE(level.item_validity, GatherValidity(items, pool));
    out.list_levels.push_back(std::move(level));
    item = list.value_type().get();
  }
  const arrow::DataType& fixed =
      item->id() == Type::EXTENSION
          ? *static_cast<const arrow::ExtensionType*>(item)->storage_type()
          : *item;
  out.bits_per_value = fixed.id() == Type::STRUCT ? 0 : FixedBitWidth(fixed);
  if (out.bits_per_value == 0) return Unsupported("values of ", type->ToString());
  ARROW_ASSIGN_OR_RAISE(out.values,
                        GatherFixed(items, static_cast<int64_t>(out.bits_per_value), pool));
  return out;
}

bool SameDictionary(const Pieces& pieces) {
  const auto& first = pieces.front().data->dictionary;
  return std::ranges::all_of(pieces, [&](const Piece& piece) {
    const auto& dictionary = piece.data->dictionary;
    return dictionary == first || (dictionary->length == first->length &&
                                   arrow::MakeArray(dictionary)->Equals(*arrow::MakeArray(first)));
  });
}

}  // namespace

arrow::Result<GatheredValues> GatherValues(std::span<const LeafPart> parts,
                                           const PageLevels& levels,
                                           std::span<const uint64_t> valid,
                                           arrow::MemoryPool* pool) {
  Pieces pieces;
  for (size_t i = 0; i < parts.size(); ++i) {
    for (const SlotRange& slots : levels.slots[i]) {
      pieces.push_back({parts[i].values.get(), slots});
    }
  }
  GatheredValues out;
  std::shared_ptr<arrow::DataType> type = parts.front().values->type;
  std::shared_ptr<arrow::Array> unified;
  if (type->id() == Type::DICTIONARY && !pieces.empty()) {
    if (!SameDictionary(pieces)) {
      arrow::ArrayVector arrays;
      for (const Piece& piece : pieces) {
        auto slice = piece.data->Copy();
        slice->offset = piece.slots.begin;
        slice->length = piece.slots.size();
        slice->null_count = arrow::kUnknownNullCount;
        arrays.push_back(arrow::MakeArray(std::move(slice)));
      }
      ARROW_ASSIGN_OR_RAISE(unified, arrow::Concatenate(arrays, pool));
      pieces = {
          {unified->data().get(), {unified->offset(), unified->offset() + unified->length()}}};
    }
    const auto& dictionary = *pieces.front().data->dictionary;
    const auto& dictionary_type = static_cast<const arrow::DictionaryType&>(*type);
    const Pieces items = {
        {&dictionary, {dictionary.offset, dictionary.offset + dictionary.length}}};
    ARROW_ASSIGN_OR_RAISE(out.dictionary, Gather(dictionary_type.value_type(), items, {}, pool));
    type = dictionary_type.index_type();
  }
  ARROW_ASSIGN_OR_RAISE(out.values, Gather(type, pieces, valid, pool));
  if (!valid.empty()) {
    ARROW_RETURN_NOT_OK(ClearNulls(valid, pool, &out.values));
  }
  return out;
}

uint64_t MaxValueBytes(const ValueBlock& values) {
  if (values.is_struct()) {
    uint64_t bytes = 0;
    for (const ValueBlock& child : values.children) bytes += MaxValueBytes(child);
    return bytes;
  }
  if (!values.is_variable()) return (values.bits_per_value * values.items_per_value() + 7) / 8;
  auto longest = [&]<typename Offset>(const Offset* offsets) {
    Offset out = 0;
    for (int64_t i = 0; i < values.num_values; ++i) {
      out = std::max<Offset>(out, offsets[i + 1] - offsets[i]);
    }
    return static_cast<uint64_t>(out);
  };
  return values.bits_per_offset == 64 ? longest(values.offsets->data_as<int64_t>())
                                      : longest(values.offsets->data_as<int32_t>());
}

}  // namespace lancea
