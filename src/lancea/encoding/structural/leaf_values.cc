#include "lancea/encoding/structural/leaf_values.h"

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/bit_util.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::ArrayData;
using arrow::Type;

// A byte per boolean -> a bit per boolean.
arrow::Result<std::shared_ptr<arrow::Buffer>> PackBooleans(const uint8_t* bytes, int64_t num_values,
                                                           arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto bits, arrow::AllocateEmptyBitmap(num_values, pool));
  for (int64_t i = 0; i < num_values; ++i) {
    if (bytes[i] != 0) arrow::bit_util::SetBit(bits->mutable_data(), i);
  }
  return bits;
}

// Rows of concatenated fixed-width children -> one array per child.
arrow::Result<std::shared_ptr<ArrayData>> SplitPackedStruct(
    const std::shared_ptr<arrow::DataType>& type, int64_t num_values, const uint8_t* rows,
    arrow::MemoryPool* pool) {
  const int64_t row_bytes = static_cast<int64_t>(FixedBitWidth(*type) / 8);
  std::vector<std::shared_ptr<ArrayData>> children;
  int64_t at = 0;
  for (const auto& field : type->fields()) {
    const bool is_bool = field->type()->id() == Type::BOOL;
    const int64_t width = is_bool ? 1 : static_cast<int64_t>(FixedBitWidth(*field->type()) / 8);
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(num_values * width, pool));
    uint8_t* out = buffer->mutable_data();
    const uint8_t* in = rows + at;
    auto copy = [&]<int64_t kWidth>(std::integral_constant<int64_t, kWidth>) {
      for (int64_t i = 0; i < num_values; ++i)
        std::memcpy(out + i * kWidth, in + i * row_bytes, kWidth);
    };
    switch (width) {
      case 1:
        copy(std::integral_constant<int64_t, 1>{});
        break;
      case 2:
        copy(std::integral_constant<int64_t, 2>{});
        break;
      case 4:
        copy(std::integral_constant<int64_t, 4>{});
        break;
      case 8:
        copy(std::integral_constant<int64_t, 8>{});
        break;
      default:
        for (int64_t i = 0; i < num_values; ++i)
          std::memcpy(out + i * width, in + i * row_bytes, width);
    }
    std::shared_ptr<arrow::Buffer> values = std::move(buffer);
    if (is_bool) {
      ARROW_ASSIGN_OR_RAISE(values, PackBooleans(values->data(), num_values, pool));
    }
    children.push_back(WrapPlainFixed(field->type(), num_values, std::move(values)));
    at += width;
  }
  return ArrayData::Make(type, num_values, {nullptr}, std::move(children), /*null_count=*/0);
}

// Fixed-size lists from the outside in; `level` counts those that carry item validity.
arrow::Result<std::shared_ptr<ArrayData>> WrapNested(const std::shared_ptr<arrow::DataType>& type,
                                                     int64_t num_values,
                                                     std::shared_ptr<arrow::Buffer> values,
                                                     ValueBuilder* builder, size_t level) {
  if (type->id() != Type::FIXED_SIZE_LIST) return WrapPlainFixed(type, num_values, values);
  const auto& list = static_cast<const arrow::FixedSizeListType&>(*type);
  const int64_t num_items = num_values * list.list_size();
  std::shared_ptr<arrow::Buffer> validity;
  if (level < builder->item_validity().size()) {
    BitmapBuilder& bitmap = builder->item_validity()[level];
    if (bitmap.size() != num_items) {
      return Corrupt("fixed-size list has ", num_items, " items but validity of ", bitmap.size());
    }
    ARROW_ASSIGN_OR_RAISE(validity, bitmap.Finish());
  }
  ARROW_ASSIGN_OR_RAISE(
      auto items, WrapNested(list.value_type(), num_items, std::move(values), builder, level + 1));
  if (validity != nullptr) {
    items->buffers[0] = std::move(validity);
    items->null_count = arrow::kUnknownNullCount;
  }
  return ArrayData::Make(type, num_values, {nullptr}, {std::move(items)}, /*null_count=*/0);
}

// Types come from the file: a width that no file holds is none.
constexpr uint64_t kMaxBits = uint64_t{1} << 40;
uint64_t Believable(unsigned __int128 bits) {
  return bits > kMaxBits ? 0 : static_cast<uint64_t>(bits);
}

const arrow::DataType& InnermostItem(const arrow::DataType& type) {
  const arrow::DataType* item = &type;
  while (item->id() == Type::FIXED_SIZE_LIST) {
    item = static_cast<const arrow::FixedSizeListType*>(item)->value_type().get();
  }
  return *item;
}

}  // namespace

uint64_t FixedBitWidth(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::FIXED_SIZE_LIST: {
      const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
      // Packed structs hold no lists of structs.
      if (list.value_type()->id() == Type::STRUCT) return 0;
      return Believable(static_cast<unsigned __int128>(FixedBitWidth(*list.value_type())) *
                        static_cast<uint64_t>(list.list_size()));
    }
    case Type::STRUCT: {
      uint64_t bits = 0;
      for (const auto& field : type.fields()) {
        uint64_t width = field->type()->id() == Type::BOOL ? 8 : FixedBitWidth(*field->type());
        if (width == 0 || width % 8 != 0 || field->type()->id() == Type::STRUCT) return 0;
        bits += width;
      }
      return Believable(bits);
    }
    case Type::DICTIONARY:
    case Type::EXTENSION:
    case Type::NA:
      return 0;
    default:
      return arrow::is_fixed_width(type.id())
                 ? static_cast<uint64_t>(
                       static_cast<const arrow::FixedWidthType&>(type).bit_width())
                 : 0;
  }
}

arrow::Status CheckShape(const arrow::DataType& type, const ValueShape& shape) {
  auto mismatch = [&] {
    return Corrupt("values of ", shape.bits_per_offset != 0 ? "variable width" : "width ",
                   shape.bits_per_offset != 0 ? shape.bits_per_offset : shape.bits_per_value,
                   " bits (", shape.items_per_value, " per row) cannot be ", type.ToString());
  };
  if (shape.bits_per_offset != 0) {
    return arrow::is_base_binary_like(type.id()) ? arrow::Status::OK() : mismatch();
  }
  const arrow::DataType& item = InnermostItem(type);
  const uint64_t bits = FixedBitWidth(item);
  const bool byte_boolean = item.id() == Type::BOOL && shape.bits_per_value == 8;
  if (bits == 0 || (bits != shape.bits_per_value && !byte_boolean)) {
    // A fixed-size list may also be stored as one wide value.
    return FixedBitWidth(type) != 0 && FixedBitWidth(type) == shape.bits_per_value &&
                   shape.items_per_value == 1
               ? arrow::Status::OK()
               : mismatch();
  }
  unsigned __int128 items = 1;
  for (const arrow::DataType* t = &type; t->id() == Type::FIXED_SIZE_LIST;) {
    const auto& list = static_cast<const arrow::FixedSizeListType&>(*t);
    items *= static_cast<uint64_t>(list.list_size());
    if (items > kMaxBits) return mismatch();
    t = list.value_type().get();
  }
  return items == shape.items_per_value ? arrow::Status::OK() : mismatch();
}

std::shared_ptr<ArrayData> WrapPlainFixed(const std::shared_ptr<arrow::DataType>& type,
                                          int64_t num_values,
                                          std::shared_ptr<arrow::Buffer> buffer) {
  if (type->id() == Type::FIXED_SIZE_LIST) {
    const auto& list = static_cast<const arrow::FixedSizeListType&>(*type);
    auto items =
        WrapPlainFixed(list.value_type(), num_values * list.list_size(), std::move(buffer));
    return ArrayData::Make(type, num_values, {nullptr}, {std::move(items)}, /*null_count=*/0);
  }
  return ArrayData::Make(type, num_values, {nullptr, std::move(buffer)}, /*null_count=*/0);
}

arrow::Result<std::shared_ptr<ArrayData>> MakeLeafData(const std::shared_ptr<arrow::DataType>& type,
                                                       int64_t num_values, ValueBuilder* values) {
  if (values->is_variable()) {
    if (values->num_values() != num_values) {
      return Corrupt("decoded ", values->num_values(), " values, expected ", num_values);
    }
    ARROW_ASSIGN_OR_RAISE(auto offsets, values->FinishOffsets());
    ARROW_ASSIGN_OR_RAISE(auto bytes, values->FinishData());
    const uint64_t wanted = arrow::is_large_binary_like(type->id()) ? 64 : 32;
    if (values->bits_per_offset() != wanted) {
      // Another implementation may have stored the other width.
      ARROW_ASSIGN_OR_RAISE(auto converted, arrow::AllocateBuffer((num_values + 1) * wanted / 8));
      for (int64_t i = 0; i <= num_values; ++i) {
        if (wanted == 64) {
          converted->mutable_data_as<int64_t>()[i] = offsets->data_as<int32_t>()[i];
        } else {
          int64_t offset = offsets->data_as<int64_t>()[i];
          if (offset > INT32_MAX) {
            return arrow::Status::CapacityError("more than 2 GiB in one ", type->ToString(),
                                                " array; lower batch_size");
          }
          converted->mutable_data_as<int32_t>()[i] = static_cast<int32_t>(offset);
        }
      }
      offsets = std::move(converted);
    }
    return ArrayData::Make(type, num_values, {nullptr, std::move(offsets), std::move(bytes)},
                           /*null_count=*/0);
  }
  const uint64_t stored_bits = values->bits_per_value();
  const int64_t stored_values = values->num_values();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> data, values->FinishData());
  const arrow::DataType& item = InnermostItem(*type);
  if (item.id() == Type::BOOL && stored_bits == 8) {
    ARROW_ASSIGN_OR_RAISE(data, PackBooleans(data->data(), stored_values, values->pool()));
  }
  const uint64_t item_bits = FixedBitWidth(item);
  const uint64_t type_bits = FixedBitWidth(*type);
  using Wide = unsigned __int128;
  const Wide held = static_cast<Wide>(stored_values) *
                    (item.id() == Type::BOOL && stored_bits == 8 ? 1 : stored_bits);
  if (item_bits == 0 || held != static_cast<Wide>(num_values) * type_bits) {
    return Corrupt("decoded ", stored_values, " values of ", stored_bits, " bits, expected ",
                   num_values, " of ", type->ToString());
  }
  if (type->id() == Type::STRUCT) {
    return SplitPackedStruct(type, num_values, data->data(), values->pool());
  }
  return WrapNested(type, num_values, std::move(data), values, 0);
}

}  // namespace lancea
