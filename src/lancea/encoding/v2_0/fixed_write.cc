#include "lancea/encoding/v2_0/fixed_write.h"

#include <cstring>

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "arrow/util/bitmap_ops.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;

// Every bit `factor` times.
arrow::Result<BufferPtr> Repeat(const arrow::Buffer& bits, int64_t num_bits, int64_t factor,
                                arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(BufferPtr out, arrow::AllocateEmptyBitmap(num_bits * factor, pool));
  for (int64_t i = 0; i < num_bits; ++i) {
    if (arrow::bit_util::GetBit(bits.data(), i)) {
      arrow::bit_util::SetBitsTo(out->mutable_data(), i * factor, factor, true);
    }
  }
  return out;
}

// \param reachable  one bit per value: those without it lie behind a null list; nullptr: all
arrow::Result<ArrayEncoding> Encode(const arrow::DataType& type, const ArrayParts& parts,
                                    const BufferPtr& reachable, AllNullForm form, PageBuffers* out,
                                    arrow::MemoryPool* pool) {
  const int64_t count = CountRows(parts);
  ARROW_ASSIGN_OR_RAISE(BufferPtr valid, JoinValidity(parts, pool));
  BufferPtr live = valid != nullptr ? valid : reachable;
  if (valid != nullptr && reachable != nullptr) {
    ARROW_ASSIGN_OR_RAISE(
        live, arrow::internal::BitmapAnd(pool, valid->data(), 0, reachable->data(), 0, count, 0));
    // A null behind a null says nothing.
    ARROW_ASSIGN_OR_RAISE(valid, arrow::internal::BitmapOrNot(pool, valid->data(), 0,
                                                              reachable->data(), 0, count, 0));
  }
  const int64_t num_valid =
      valid == nullptr ? count : arrow::internal::CountSetBits(valid->data(), 0, count);
  if (num_valid == 0 && count > 0 && form == AllNullForm::kNoBuffers) return AllNulls();
  ArrayEncoding validity;
  if (num_valid < count) validity = Flat(1, out->Add(valid));
  ArrayEncoding values;
  if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
    const int64_t dimension = list.list_size();
    BufferPtr items_live;
    if (live != nullptr) {
      ARROW_ASSIGN_OR_RAISE(items_live, Repeat(*live, count, dimension, pool));
    }
    auto& encoding = *values.mutable_fixed_size_list();
    encoding.set_dimension(static_cast<uint32_t>(dimension));
    ARROW_ASSIGN_OR_RAISE(*encoding.mutable_items(),
                          Encode(*list.value_type(), ChildParts(parts, 0, dimension), items_live,
                                 AllNullForm::kValues, out, pool));
  } else {
    const uint64_t bits = FixedBitWidth(type);
    ARROW_ASSIGN_OR_RAISE(BufferPtr bytes, JoinValues(parts, bits, live.get(), pool));
    values = Flat(bits, out->Add(std::move(bytes)));
  }
  return num_valid < count ? SomeNulls(std::move(validity), std::move(values))
                           : NoNulls(std::move(values));
}

// What stands for a packed child: its own tree, whose one buffer is the page's.
ArrayEncoding DescribePacked(const arrow::DataType& type) {
  lance::encodings::Buffer buffer;
  if (type.id() != arrow::Type::FIXED_SIZE_LIST) return NoNulls(Flat(FixedBitWidth(type), buffer));
  const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
  ArrayEncoding out;
  out.mutable_fixed_size_list()->set_dimension(static_cast<uint32_t>(list.list_size()));
  *out.mutable_fixed_size_list()->mutable_items() = DescribePacked(*list.value_type());
  return NoNulls(std::move(out));
}

// The values of fixed-size lists of any depth: their innermost items.
ArrayParts Innermost(const arrow::DataType& type, ArrayParts parts) {
  if (type.id() != arrow::Type::FIXED_SIZE_LIST) return parts;
  const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
  return Innermost(*list.value_type(), ChildParts(parts, 0, list.list_size()));
}

arrow::Status CheckNoNulls(const arrow::ArrayData& rows, const std::string& name) {
  if (rows.GetNullCount() > 0) {
    return InvalidInput("packed structs cannot hold nulls; ", name, " has ", rows.GetNullCount());
  }
  if (rows.type->id() != arrow::Type::FIXED_SIZE_LIST) return arrow::Status::OK();
  const int64_t dimension = static_cast<const arrow::FixedSizeListType&>(*rows.type).list_size();
  const auto items = rows.child_data[0]->Slice(rows.offset * dimension, rows.length * dimension);
  return CheckNoNulls(*items, name);
}

}  // namespace

arrow::Result<ArrayEncoding> EncodeFixed(const arrow::DataType& type, const ArrayParts& parts,
                                         AllNullForm form, PageBuffers* out,
                                         arrow::MemoryPool* pool) {
  if (type.id() == arrow::Type::NA) return AllNulls();
  return Encode(type, parts, nullptr, form, out, pool);
}

arrow::Result<ArrayEncoding> EncodePackedStruct(const arrow::StructType& type,
                                                const ArrayParts& parts, PageBuffers* out,
                                                arrow::MemoryPool* pool) {
  const int64_t num_rows = CountRows(parts);
  const int64_t row_bytes = static_cast<int64_t>(FixedBitWidth(type) / 8);
  ARROW_ASSIGN_OR_RAISE(BufferPtr rows, arrow::AllocateBuffer(num_rows * row_bytes, pool));
  ArrayEncoding encoding;
  uint8_t* to = rows->mutable_data();
  for (int i = 0; i < type.num_fields(); ++i) {
    const arrow::DataType& child = *type.field(i)->type();
    *encoding.mutable_packed_struct()->add_inner() = DescribePacked(child);
    const int64_t width = static_cast<int64_t>(FixedBitWidth(child) / 8);
    const arrow::DataType* item = &child;
    while (item->id() == arrow::Type::FIXED_SIZE_LIST) item = item->field(0)->type().get();
    ARROW_ASSIGN_OR_RAISE(BufferPtr values, JoinValues(Innermost(child, ChildParts(parts, i)),
                                                       FixedBitWidth(*item), nullptr, pool));
    const uint8_t* from = values->data();
    for (int64_t row = 0; row < num_rows; ++row) {
      std::memcpy(to + row * row_bytes, from + row * width, static_cast<size_t>(width));
    }
    to += width;
  }
  *encoding.mutable_packed_struct()->mutable_buffer() = out->Add(std::move(rows));
  return encoding;
}

arrow::Status CheckPackable(const arrow::ArrayData& rows) {
  ARROW_RETURN_NOT_OK(CheckNoNulls(rows, "the struct"));
  for (int i = 0; i < rows.type->num_fields(); ++i) {
    const auto child = rows.child_data[static_cast<size_t>(i)]->Slice(rows.offset, rows.length);
    ARROW_RETURN_NOT_OK(CheckNoNulls(*child, "\"" + rows.type->field(i)->name() + "\""));
  }
  return arrow::Status::OK();
}

}  // namespace lancea::v2_0
