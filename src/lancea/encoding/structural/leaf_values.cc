#include "lancea/encoding/structural/leaf_values.h"

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/bit_util.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::ArrayData;
using arrow::Type;

bool IsVariableType(Type::type id) {
  return id == Type::STRING || id == Type::BINARY || id == Type::LARGE_STRING ||
         id == Type::LARGE_BINARY;
}

bool IsLargeType(Type::type id) { return id == Type::LARGE_STRING || id == Type::LARGE_BINARY; }

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
uint64_t Believable(unsigned __int128 bits) {
  constexpr uint64_t kMaxBits = uint64_t{1} << 40;
  return bits > kMaxBits ? 0 : static_cast<uint64_t>(bits);
}

const arrow::DataType& InnermostItem(const arrow::DataType& type) {
  const arrow::DataType* item = &type;
  while (item->id() == Type::FIXED_SIZE_LIST) {
    item = static_cast<const arrow::FixedSizeListType*>(item)->value_type().get();
  }
  return *item;
}

template <typename Index>
arrow::Status CheckIndices(const Index* indices, int64_t num_values, int64_t size) {
  Index largest = 0;
  for (int64_t i = 0; i < num_values; ++i) largest = std::max(largest, indices[i]);
  if (num_values == 0 || static_cast<uint64_t>(largest) < static_cast<uint64_t>(size)) {
    return arrow::Status::OK();
  }
  return Corrupt("dictionary index ", +largest, " in a dictionary of ", size, " items");
}

template <typename Index, typename Offset>
arrow::Status GatherVariable(const ArrayData& dictionary, const Index* indices, int64_t num_values,
                             ValueBuilder* out) {
  ARROW_RETURN_NOT_OK(CheckIndices(indices, num_values, dictionary.length));
  const arrow::Buffer& bytes = *dictionary.buffers[2];
  return out->AppendGathered(dictionary.GetValues<Offset>(1), bytes.data(), bytes.size(),
                             bytes.capacity(), indices, num_values);
}

template <typename Index, typename Word>
arrow::Status GatherWords(const uint8_t* dictionary, uint64_t size, const Index* indices,
                          int64_t num_values, uint8_t* out) {
  // Checked and copied in one pass: an index out of range reads item 0 and is reported after.
  bool out_of_range = false;
  for (int64_t i = 0; i < num_values; ++i) {
    uint64_t index = static_cast<uint64_t>(indices[i]);
    bool bad = index >= size;
    out_of_range |= bad;
    index = bad ? 0 : index;
    std::memcpy(out + i * sizeof(Word), dictionary + index * sizeof(Word), sizeof(Word));
  }
  return out_of_range ? Corrupt("dictionary index out of range of ", size, " items")
                      : arrow::Status::OK();
}

struct Word128 {
  uint64_t low, high;
};
struct Word256 {
  uint64_t words[4];
};

// Structs, and lists with their items' validity: Arrow's own kernel, such dictionaries are rare and small.
template <typename Index>
arrow::Result<std::shared_ptr<ArrayData>> GatherNested(const ArrayData& dictionary,
                                                       const Index* indices, int64_t num_values,
                                                       arrow::MemoryPool* pool) {
  ARROW_RETURN_NOT_OK(CheckIndices(indices, num_values, dictionary.length));
  auto picked = arrow::ArrayData::Make(
      arrow::CTypeTraits<Index>::type_singleton(), num_values,
      {nullptr, std::make_shared<arrow::Buffer>(reinterpret_cast<const uint8_t*>(indices),
                                                num_values * static_cast<int64_t>(sizeof(Index)))},
      0);
  arrow::compute::ExecContext context(pool);
  ARROW_ASSIGN_OR_RAISE(
      arrow::Datum taken,
      arrow::compute::Take(arrow::Datum(dictionary.Copy()), arrow::Datum(picked),
                           arrow::compute::TakeOptions::NoBoundsCheck(), &context));
  return taken.array();
}

template <typename Index>
arrow::Result<std::shared_ptr<ArrayData>> Gather(const std::shared_ptr<arrow::DataType>& type,
                                                 const ArrayData& dictionary, const Index* indices,
                                                 int64_t num_values, arrow::MemoryPool* pool) {
  if (num_values > 0 && dictionary.length == 0) {
    return Corrupt("dictionary index 0 in a dictionary of 0 items");
  }
  if (IsVariableType(type->id())) {
    ValueBuilder out = ValueBuilder::Variable(IsLargeType(type->id()) ? 64 : 32, pool);
    ARROW_RETURN_NOT_OK(
        IsLargeType(type->id())
            ? (GatherVariable<Index, int64_t>(dictionary, indices, num_values, &out))
            : (GatherVariable<Index, int32_t>(dictionary, indices, num_values, &out)));
    return MakeLeafData(type, num_values, &out);
  }
  if (type->id() == Type::FIXED_SIZE_LIST || type->id() == Type::STRUCT) {
    return GatherNested(dictionary, indices, num_values, pool);
  }
  const uint64_t bits = FixedBitWidth(*type);
  const uint64_t size = static_cast<uint64_t>(dictionary.length);
  if (bits == 0 || bits % 8 != 0) {
    return Unsupported("dictionary of ", type->ToString(), " values");
  }
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(num_values * bits / 8, pool));
  const uint8_t* values = dictionary.buffers[1]->data();
  uint8_t* out = buffer->mutable_data();
  arrow::Status status;
  switch (bits) {
    case 8:
      status = GatherWords<Index, uint8_t>(values, size, indices, num_values, out);
      break;
    case 16:
      status = GatherWords<Index, uint16_t>(values, size, indices, num_values, out);
      break;
    case 32:
      status = GatherWords<Index, uint32_t>(values, size, indices, num_values, out);
      break;
    case 64:
      status = GatherWords<Index, uint64_t>(values, size, indices, num_values, out);
      break;
    case 128:
      status = GatherWords<Index, Word128>(values, size, indices, num_values, out);
      break;
    case 256:
      status = GatherWords<Index, Word256>(values, size, indices, num_values, out);
      break;
    default:
      for (int64_t i = 0; i < num_values && status.ok(); ++i) {
        const uint64_t index = static_cast<uint64_t>(indices[i]);
        if (index >= size) {
          status = Corrupt("dictionary index ", index, " in a dictionary of ", size, " items");
        } else {
          std::memcpy(out + i * (bits / 8), values + index * (bits / 8), bits / 8);
        }
      }
  }
  ARROW_RETURN_NOT_OK(status);
  return WrapPlainFixed(type, num_values, std::move(buffer));
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
    return IsVariableType(type.id()) ? arrow::Status::OK() : mismatch();
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
  uint64_t items = 1;
  for (const arrow::DataType* t = &type; t->id() == Type::FIXED_SIZE_LIST;) {
    const auto& list = static_cast<const arrow::FixedSizeListType&>(*t);
    items *= static_cast<uint64_t>(list.list_size());
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
    const uint64_t wanted = IsLargeType(type->id()) ? 64 : 32;
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

arrow::Result<std::shared_ptr<ArrayData>> GatherDictionary(
    const std::shared_ptr<arrow::DataType>& type, const std::shared_ptr<ArrayData>& dictionary,
    ValueBuilder* indices, arrow::MemoryPool* pool) {
  const int64_t num_values = indices->num_values();
  if (type->id() == Type::DICTIONARY) {
    const auto& dictionary_type = static_cast<const arrow::DictionaryType&>(*type);
    const uint64_t wanted = FixedBitWidth(*dictionary_type.index_type());
    if (wanted != indices->bits_per_value()) {
      return Corrupt("dictionary indices of ", indices->bits_per_value(), " bits for ",
                     type->ToString());
    }
    const uint8_t* data = indices->data();
    switch (wanted) {
      case 8:
        ARROW_RETURN_NOT_OK(CheckIndices(data, num_values, dictionary->length));
        break;
      case 16:
        ARROW_RETURN_NOT_OK(
            CheckIndices(reinterpret_cast<const uint16_t*>(data), num_values, dictionary->length));
        break;
      case 32:
        ARROW_RETURN_NOT_OK(
            CheckIndices(reinterpret_cast<const uint32_t*>(data), num_values, dictionary->length));
        break;
      default:
        ARROW_RETURN_NOT_OK(
            CheckIndices(reinterpret_cast<const uint64_t*>(data), num_values, dictionary->length));
    }
    ARROW_ASSIGN_OR_RAISE(auto buffer, indices->FinishData());
    auto out = ArrayData::Make(type, num_values, {nullptr, std::move(buffer)}, /*null_count=*/0);
    out->dictionary = dictionary;
    return out;
  }
  const uint8_t* data = indices->data();
  switch (indices->bits_per_value()) {
    case 8:
      return Gather(type, *dictionary, data, num_values, pool);
    case 16:
      return Gather(type, *dictionary, reinterpret_cast<const uint16_t*>(data), num_values, pool);
    case 32:
      return Gather(type, *dictionary, reinterpret_cast<const uint32_t*>(data), num_values, pool);
    case 64:
      return Gather(type, *dictionary, reinterpret_cast<const uint64_t*>(data), num_values, pool);
    default:
      return Corrupt("dictionary indices of ", indices->bits_per_value(), " bits");
  }
}

}  // namespace lancea
