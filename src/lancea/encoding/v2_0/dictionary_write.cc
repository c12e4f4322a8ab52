#include "lancea/encoding/v2_0/dictionary_write.h"

#include <string_view>
#include <unordered_map>

#include "arrow/array/array_base.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/encoding/v2_0/binary_write.h"
#include "lancea/encoding/v2_0/fixed_write.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;

// Below: not worth it; from as many distinct values on: no dictionary. What readers of 1.0.0 were given.
constexpr int64_t kMinRows = 100;
constexpr size_t kMaxItems = 99;

bool SameDictionary(const arrow::ArrayData& a, const arrow::ArrayData& b) {
  return a.dictionary == b.dictionary ||
         arrow::MakeArray(a.dictionary)->Equals(*arrow::MakeArray(b.dictionary));
}

// The place of the first null item; the items' number when none is.
int64_t FindNull(const arrow::ArrayData& items) {
  if (items.GetNullCount() == 0) return items.length;
  int64_t i = 0;
  while (items.IsValid(i)) ++i;
  return i;
}

// Check indices of `live` rows and let the others be `null_index`.
template <typename Index>
arrow::Status SetIndices(uint8_t* bytes, int64_t num_rows, const arrow::Buffer* live,
                         uint64_t num_items, int64_t null_index) {
  auto* indices = reinterpret_cast<Index*>(bytes);
  for (int64_t i = 0; i < num_rows; ++i) {
    if (live != nullptr && !arrow::bit_util::GetBit(live->data(), i)) {
      indices[i] = static_cast<Index>(null_index);
    } else if (static_cast<uint64_t>(indices[i]) >= num_items) {
      return InvalidInput("dictionary index ", +indices[i], " in a dictionary of ", num_items,
                          " items");
    }
  }
  return arrow::Status::OK();
}

arrow::Status SetIndices(const arrow::DataType& type, uint8_t* bytes, int64_t num_rows,
                         const arrow::Buffer* live, uint64_t num_items, int64_t null_index) {
  switch (type.id()) {
    case arrow::Type::INT8:
      return SetIndices<int8_t>(bytes, num_rows, live, num_items, null_index);
    case arrow::Type::UINT8:
      return SetIndices<uint8_t>(bytes, num_rows, live, num_items, null_index);
    case arrow::Type::INT16:
      return SetIndices<int16_t>(bytes, num_rows, live, num_items, null_index);
    case arrow::Type::UINT16:
      return SetIndices<uint16_t>(bytes, num_rows, live, num_items, null_index);
    case arrow::Type::INT32:
      return SetIndices<int32_t>(bytes, num_rows, live, num_items, null_index);
    case arrow::Type::UINT32:
      return SetIndices<uint32_t>(bytes, num_rows, live, num_items, null_index);
    case arrow::Type::INT64:
      return SetIndices<int64_t>(bytes, num_rows, live, num_items, null_index);
    default:
      return SetIndices<uint64_t>(bytes, num_rows, live, num_items, null_index);
  }
}

ArrayEncoding MakeDictionary(ArrayEncoding indices, ArrayEncoding items, int64_t num_items) {
  ArrayEncoding out;
  auto& dictionary = *out.mutable_dictionary();
  *dictionary.mutable_indices() = std::move(indices);
  *dictionary.mutable_items() = std::move(items);
  dictionary.set_num_dictionary_items(static_cast<uint32_t>(num_items));
  return out;
}

}  // namespace

arrow::Result<std::optional<ArrayEncoding>> EncodeFewStrings(const ArrayParts& parts,
                                                             PageBuffers* out,
                                                             arrow::MemoryPool* pool) {
  const int64_t num_rows = CountRows(parts);
  if (num_rows < kMinRows) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(BufferPtr indices, arrow::AllocateBuffer(num_rows, pool));
  uint8_t* to = indices->mutable_data();
  std::unordered_map<std::string_view, uint8_t> item_of;
  std::vector<int32_t> ends = {0};
  std::string bytes;
  for (const auto& part : parts) {
    const int32_t* offsets = part->GetValues<int32_t>(1);
    const char* data =
        part->buffers[2] == nullptr ? "" : reinterpret_cast<const char*>(part->buffers[2]->data());
    for (int64_t i = 0; i < part->length; ++i) {
      if (!part->IsValid(i)) {
        *to++ = 0;
        continue;
      }
      const std::string_view value(data + offsets[i],
                                   static_cast<size_t>(offsets[i + 1] - offsets[i]));
      const auto [found, is_new] =
          item_of.try_emplace(value, static_cast<uint8_t>(item_of.size() + 1));
      if (is_new) {
        if (item_of.size() > kMaxItems) return std::nullopt;
        if (bytes.size() + value.size() > INT32_MAX) return std::nullopt;
        bytes += value;
        ends.push_back(static_cast<int32_t>(bytes.size()));
      }
      *to++ = found->second;
    }
  }
  if (item_of.empty()) return std::nullopt;  // only nulls
  const int64_t num_items = static_cast<int64_t>(item_of.size());
  auto items = arrow::ArrayData::Make(
      arrow::utf8(), num_items,
      {nullptr, arrow::Buffer::FromVector(std::move(ends)), arrow::Buffer::FromString(bytes)}, 0);
  ArrayEncoding encoded_indices = NoNulls(Flat(8, out->Add(std::move(indices))));
  ARROW_ASSIGN_OR_RAISE(ArrayEncoding encoded_items,
                        EncodeBinary({std::move(items)}, EncodingOptions{}, out, pool));
  return MakeDictionary(std::move(encoded_indices), std::move(encoded_items), num_items);
}

arrow::Result<ArrayEncoding> EncodeDictionary(const arrow::DictionaryType& type,
                                              const ArrayParts& parts, PageBuffers* out,
                                              arrow::MemoryPool* pool) {
  const int64_t num_rows = CountRows(parts);
  std::shared_ptr<arrow::ArrayData> items = parts[0]->dictionary;
  if (items->length > int64_t{UINT32_MAX} - 1) {
    return InvalidInput("a dictionary of ", items->length, " items");
  }
  const uint64_t num_items = static_cast<uint64_t>(items->length);
  const uint64_t bits = FixedBitWidth(*type.index_type());
  ARROW_ASSIGN_OR_RAISE(BufferPtr valid, JoinValidity(parts, pool));
  int64_t null_index = 0;
  if (valid != nullptr) {
    null_index = FindNull(*items);
    const int sign_bits = arrow::is_signed_integer(type.index_type()->id()) ? 1 : 0;
    if (bits < 64 && null_index >> (bits - sign_bits) != 0) {
      return InvalidInput("nulls besides a dictionary of ", num_items,
                          " items: file version 2.0 stores null as one more item, which ",
                          type.index_type()->ToString(), " keys cannot reach");
    }
    if (null_index == items->length) {
      ARROW_ASSIGN_OR_RAISE(auto null, arrow::MakeArrayOfNull(items->type, 1, pool));
      ARROW_ASSIGN_OR_RAISE(auto joined, arrow::Concatenate({arrow::MakeArray(items), null}, pool));
      items = joined->data();
    }
  }
  ARROW_ASSIGN_OR_RAISE(BufferPtr values, JoinValues(parts, bits, nullptr, pool));
  if (valid != nullptr || parts.size() == 1) {  // values may be the caller's
    ARROW_ASSIGN_OR_RAISE(values, values->CopySlice(0, values->size(), pool));
  }
  ARROW_RETURN_NOT_OK(SetIndices(*type.index_type(), values->mutable_data(), num_rows, valid.get(),
                                 num_items, null_index));
  ArrayEncoding indices = NoNulls(Flat(bits, out->Add(std::move(values))));
  ArrayEncoding encoded;
  if (arrow::is_base_binary_like(items->type->id())) {
    ARROW_ASSIGN_OR_RAISE(encoded, EncodeBinary({items}, EncodingOptions{}, out, pool));
  } else {
    ARROW_ASSIGN_OR_RAISE(encoded,
                          EncodeFixed(*items->type, {items}, AllNullForm::kValues, out, pool));
  }
  return MakeDictionary(std::move(indices), std::move(encoded), items->length);
}

std::vector<ArrayParts> GroupByDictionary(const arrow::DictionaryType& type, ArrayParts parts,
                                          arrow::MemoryPool* pool) {
  std::vector<ArrayParts> groups;
  for (auto& part : parts) {
    if (groups.empty() || !SameDictionary(*groups.back().back(), *part)) groups.emplace_back();
    groups.back().push_back(std::move(part));
  }
  if (groups.size() == 1) return groups;
  arrow::ArrayVector arrays;
  for (const ArrayParts& group : groups) {
    for (const auto& part : group) arrays.push_back(arrow::MakeArray(part));
  }
  auto joined = arrow::Concatenate(arrays, pool);
  if (!joined.ok()) return groups;
  // Keys that reach every item may not reach one more for null.
  const uint64_t bits = FixedBitWidth(*type.index_type());
  const int64_t num_items = (*joined)->data()->dictionary->length;
  if (bits < 32 && num_items >= int64_t{1} << (bits - 1)) return groups;
  return {{(*joined)->data()}};
}

}  // namespace lancea::v2_0
