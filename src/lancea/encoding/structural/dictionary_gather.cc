#include "lancea/encoding/structural/dictionary_gather.h"

#include <algorithm>
#include <limits>

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "lancea/encoding/structural/leaf_values.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::ArrayData;
using arrow::Type;

template <typename Index>
arrow::Status CheckIndices(const Index* indices, int64_t num_values, int64_t size) {
  if (num_values == 0) return arrow::Status::OK();
  if (size == 0) return Corrupt("dictionary index in a dictionary of 0 items");
  const uint64_t last = static_cast<uint64_t>(size) - 1;
  if (last >= std::numeric_limits<Index>::max()) return arrow::Status::OK();
  // In the indices' own width, so that a register compares as many as it holds.
  const Index bound = static_cast<Index>(last);
  Index beyond = 0;
  for (int64_t i = 0; i < num_values; ++i) beyond |= static_cast<Index>(indices[i] > bound);
  if (beyond == 0) return arrow::Status::OK();
  const Index* bad =
      std::find_if(indices, indices + num_values, [&](Index index) { return index > bound; });
  return Corrupt("dictionary index ", +*bad, " in a dictionary of ", size, " items");
}

template <typename Index, typename Offset>
arrow::Status GatherVariable(const ArrayData& dictionary, const Index* indices, int64_t num_values,
                             ValueBuilder* out) {
  ARROW_RETURN_NOT_OK(CheckIndices(indices, num_values, dictionary.length));
  const arrow::Buffer& bytes = *dictionary.buffers[2];
  return out->AppendGathered(dictionary.GetValues<Offset>(1), dictionary.length, bytes.data(),
                             bytes.size(), bytes.capacity(), indices, num_values);
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
  if (arrow::is_base_binary_like(type->id())) {
    ValueBuilder out =
        ValueBuilder::Variable(arrow::is_large_binary_like(type->id()) ? 64 : 32, pool);
    ARROW_RETURN_NOT_OK(
        arrow::is_large_binary_like(type->id())
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

// Call `use` with the indices as the unsigned integers they are.
template <typename Use>
arrow::Status WithIndices(const ValueBuilder& indices, Use use) {
  switch (indices.bits_per_value()) {
    case 8:
      return use(indices.data());
    case 16:
      return use(reinterpret_cast<const uint16_t*>(indices.data()));
    case 32:
      return use(reinterpret_cast<const uint32_t*>(indices.data()));
    case 64:
      return use(reinterpret_cast<const uint64_t*>(indices.data()));
    default:
      return Corrupt("dictionary indices of ", indices.bits_per_value(), " bits");
  }
}

}  // namespace

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
    ARROW_RETURN_NOT_OK(WithIndices(*indices, [&](const auto* data) {
      return CheckIndices(data, num_values, dictionary->length);
    }));
    ARROW_ASSIGN_OR_RAISE(auto buffer, indices->FinishData());
    auto out = ArrayData::Make(type, num_values, {nullptr, std::move(buffer)}, /*null_count=*/0);
    out->dictionary = dictionary;
    return out;
  }
  std::shared_ptr<ArrayData> out;
  ARROW_RETURN_NOT_OK(WithIndices(*indices, [&](const auto* data) {
    return Gather(type, *dictionary, data, num_values, pool).Value(&out);
  }));
  return out;
}

arrow::Result<std::shared_ptr<arrow::DataType>> EncodedType(
    const std::shared_ptr<arrow::DataType>& type, const ValueBuilder& indices) {
  switch (indices.bits_per_value()) {
    case 8:
      return arrow::dictionary(arrow::uint8(), type);
    case 16:
      return arrow::dictionary(arrow::uint16(), type);
    case 32:
      return arrow::dictionary(arrow::uint32(), type);
    case 64:
      return arrow::dictionary(arrow::uint64(), type);
    default:
      return Corrupt("dictionary indices of ", indices.bits_per_value(), " bits");
  }
}

}  // namespace lancea
