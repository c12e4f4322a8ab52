#include "lancea/util/referenced_bytes.h"

#include "arrow/array/array_base.h"
#include "arrow/array/data.h"
#include "arrow/extension_type.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"

namespace lancea {
namespace {

uint64_t Bytes(const arrow::ArrayData& data, const arrow::DataType& type, int64_t offset,
               int64_t length);

// Offsets, one for each row, and, of the values, where those rows begin and end.
template <typename Offset>
uint64_t OffsetBytes(const arrow::ArrayData& data, int64_t offset, int64_t length, int64_t* begin,
                     int64_t* end) {
  *begin = *end = 0;
  const auto& buffer = data.buffers[1];
  if (length == 0 || buffer == nullptr || buffer->size() == 0) return 0;
  const Offset* offsets = buffer->data_as<Offset>() + offset;
  *begin = offsets[0];
  *end = offsets[length];
  return static_cast<uint64_t>(length) * sizeof(Offset);
}

template <typename Offset>
uint64_t TextBytes(const arrow::ArrayData& data, int64_t offset, int64_t length) {
  int64_t begin, end;
  const uint64_t bytes = OffsetBytes<Offset>(data, offset, length, &begin, &end);
  return bytes + static_cast<uint64_t>(end - begin);
}

template <typename Offset>
uint64_t ListBytes(const arrow::ArrayData& data, int64_t offset, int64_t length) {
  int64_t begin, end;
  const uint64_t bytes = OffsetBytes<Offset>(data, offset, length, &begin, &end);
  const arrow::ArrayData& items = *data.child_data[0];
  return bytes + Bytes(items, *items.type, items.offset + begin, end - begin);
}

// All that there is of it.
uint64_t WholeBytes(const arrow::ArrayData& data) {
  uint64_t bytes = 0;
  for (const auto& buffer : data.buffers) {
    if (buffer != nullptr) bytes += static_cast<uint64_t>(buffer->size());
  }
  for (const auto& child : data.child_data) bytes += WholeBytes(*child);
  return bytes;
}

// Without the bitmap of nulls.
uint64_t ValueBytes(const arrow::ArrayData& data, const arrow::DataType& type, int64_t offset,
                    int64_t length) {
  switch (type.id()) {
    case arrow::Type::NA:
      return 0;
    case arrow::Type::EXTENSION:
      return ValueBytes(data, *static_cast<const arrow::ExtensionType&>(type).storage_type(),
                        offset, length);
    case arrow::Type::BOOL:
      return static_cast<uint64_t>(arrow::bit_util::CoveringBytes(offset, length));
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return TextBytes<int32_t>(data, offset, length);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return TextBytes<int64_t>(data, offset, length);
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return ListBytes<int32_t>(data, offset, length);
    case arrow::Type::LARGE_LIST:
      return ListBytes<int64_t>(data, offset, length);
    case arrow::Type::FIXED_SIZE_LIST: {
      const int64_t width = static_cast<const arrow::FixedSizeListType&>(type).list_size();
      const arrow::ArrayData& items = *data.child_data[0];
      return Bytes(items, *items.type, items.offset + offset * width, length * width);
    }
    case arrow::Type::STRUCT: {
      uint64_t bytes = 0;
      for (const auto& child : data.child_data) {
        bytes += Bytes(*child, *child->type, child->offset + offset, length);
      }
      return bytes;
    }
    case arrow::Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(type);
      const arrow::ArrayData& entries = *data.dictionary;
      return ValueBytes(data, *dictionary.index_type(), offset, length) +
             Bytes(entries, *entries.type, entries.offset, entries.length);
    }
    default:
      break;
  }
  if (!arrow::is_fixed_width(type.id())) return WholeBytes(data);
  return static_cast<uint64_t>(length) * static_cast<uint64_t>(type.bit_width()) / 8;
}

uint64_t Bytes(const arrow::ArrayData& data, const arrow::DataType& type, int64_t offset,
               int64_t length) {
  if (length == 0) return 0;
  const bool has_bitmap = !data.buffers.empty() && data.buffers[0] != nullptr;
  const int64_t bitmap = has_bitmap ? arrow::bit_util::CoveringBytes(offset, length) : 0;
  return static_cast<uint64_t>(bitmap) + ValueBytes(data, type, offset, length);
}

}  // namespace

uint64_t ReferencedBytes(const arrow::Array& array) {
  return Bytes(*array.data(), *array.type(), array.offset(), array.length());
}

uint64_t ReferencedBytes(const arrow::RecordBatch& batch) {
  uint64_t bytes = 0;
  for (const auto& column : batch.columns()) bytes += ReferencedBytes(*column);
  return bytes;
}

}  // namespace lancea
