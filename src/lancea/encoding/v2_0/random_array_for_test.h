// Random arrays of any type, for tests: sliced, with garbage behind nulls and items nobody refers to.
#pragma once

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/structural/leaf_values.h"

namespace lancea::v2_0 {

class RandomArrays {
 public:
  /// \param null_share  of rows, 0 to 1; structs never are null
  RandomArrays(uint32_t seed, double null_share, int distinct_strings = 1000)
      : random_(seed), null_share_(null_share), distinct_strings_(distinct_strings) {}

  /// A slice of `num_rows` rows.
  std::shared_ptr<arrow::Array> Make(const std::shared_ptr<arrow::DataType>& type,
                                     int64_t num_rows) {
    return arrow::MakeArray(MakeData(type, num_rows + 11)->Slice(Below(11), num_rows));
  }

  int64_t Below(int64_t end) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(end));
  }

 private:
  using DataPtr = std::shared_ptr<arrow::ArrayData>;
  using BufferPtr = std::shared_ptr<arrow::Buffer>;

  BufferPtr RandomBytes(int64_t size) {
    std::string bytes(static_cast<size_t>(size), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return arrow::Buffer::FromString(std::move(bytes));
  }

  BufferPtr Validity(int64_t num_rows) {
    if (null_share_ == 0) return nullptr;
    std::string bits(static_cast<size_t>(num_rows / 8 + 1), '\0');
    for (int64_t i = 0; i < num_rows; ++i) {
      arrow::bit_util::SetBitTo(reinterpret_cast<uint8_t*>(bits.data()), i,
                                std::uniform_real_distribution<>()(random_) >= null_share_);
    }
    return arrow::Buffer::FromString(std::move(bits));
  }

  template <typename Offset>
  BufferPtr Offsets(int64_t num_rows, int64_t max_length, int64_t* end) {
    std::vector<Offset> offsets = {static_cast<Offset>(*end)};
    for (int64_t i = 0; i < num_rows; ++i) {
      *end += Below(4) == 0 ? 0 : Below(max_length);
      offsets.push_back(static_cast<Offset>(*end));
    }
    return arrow::Buffer::FromVector(std::move(offsets));
  }

  template <typename Offset>
  DataPtr Strings(const std::shared_ptr<arrow::DataType>& type, int64_t num_rows) {
    std::string bytes = "unused";
    std::vector<Offset> offsets = {static_cast<Offset>(bytes.size())};
    for (int64_t i = 0; i < num_rows; ++i) {
      const int64_t value = Below(distinct_strings_);
      if (value != 0)
        bytes +=
            "value " + std::string(static_cast<size_t>(value % 13), 'x') + std::to_string(value);
      offsets.push_back(static_cast<Offset>(bytes.size()));
    }
    return arrow::ArrayData::Make(
        type, num_rows,
        {Validity(num_rows), arrow::Buffer::FromVector(std::move(offsets)),
         arrow::Buffer::FromString(std::move(bytes))});
  }

  // Multiples of `factor`, for types that do not take all bit patterns.
  DataPtr Numbers(const std::shared_ptr<arrow::DataType>& type, int64_t num_rows, int64_t end,
                  int64_t factor = 1) {
    const size_t width = FixedBitWidth(*type) / 8;
    std::string bytes(static_cast<size_t>(num_rows) * width, '\0');
    for (size_t i = 0; i < static_cast<size_t>(num_rows); ++i) {
      const int64_t value = Below(end) * factor;
      std::memcpy(bytes.data() + i * width, &value, std::min<size_t>(width, 8));
    }
    return arrow::ArrayData::Make(
        type, num_rows, {Validity(num_rows), arrow::Buffer::FromString(std::move(bytes))});
  }

  DataPtr Dictionary(const arrow::DictionaryType& type,
                     const std::shared_ptr<arrow::DataType>& shared, int64_t num_rows) {
    const int64_t num_items = 40;
    DataPtr items = MakeData(type.value_type(), num_items);
    items->buffers[0] = nullptr;
    items->null_count = 0;
    const int64_t width = static_cast<int64_t>(FixedBitWidth(*type.index_type()) / 8);
    std::string indices(static_cast<size_t>(num_rows * width), '\0');
    for (int64_t i = 0; i < num_rows; ++i) {
      indices[static_cast<size_t>(i * width)] = static_cast<char>(Below(num_items));
    }
    auto out = arrow::ArrayData::Make(
        shared, num_rows, {Validity(num_rows), arrow::Buffer::FromString(std::move(indices))});
    out->dictionary = std::move(items);
    return out;
  }

  DataPtr MakeData(const std::shared_ptr<arrow::DataType>& type, int64_t num_rows) {
    switch (type->id()) {
      case arrow::Type::NA:
        return arrow::ArrayData::Make(type, num_rows, {nullptr}, num_rows);
      case arrow::Type::BOOL:
        return arrow::ArrayData::Make(type, num_rows,
                                      {Validity(num_rows), RandomBytes(num_rows / 8 + 1)});
      case arrow::Type::STRING:
      case arrow::Type::BINARY:
        return Strings<int32_t>(type, num_rows);
      case arrow::Type::LARGE_STRING:
      case arrow::Type::LARGE_BINARY:
        return Strings<int64_t>(type, num_rows);
      case arrow::Type::LIST:
      case arrow::Type::LARGE_LIST: {
        int64_t end = 3;
        BufferPtr offsets = type->id() == arrow::Type::LIST ? Offsets<int32_t>(num_rows, 5, &end)
                                                            : Offsets<int64_t>(num_rows, 5, &end);
        return arrow::ArrayData::Make(type, num_rows, {Validity(num_rows), std::move(offsets)},
                                      {MakeData(type->field(0)->type(), end + 2)});
      }
      case arrow::Type::FIXED_SIZE_LIST: {
        const int64_t dimension = static_cast<const arrow::FixedSizeListType&>(*type).list_size();
        return arrow::ArrayData::Make(type, num_rows, {Validity(num_rows)},
                                      {MakeData(type->field(0)->type(), num_rows * dimension)});
      }
      case arrow::Type::STRUCT: {
        std::vector<DataPtr> children;
        for (const auto& field : type->fields())
          children.push_back(MakeData(field->type(), num_rows));
        return arrow::ArrayData::Make(type, num_rows, {nullptr}, std::move(children), 0);
      }
      case arrow::Type::DICTIONARY:
        return Dictionary(static_cast<const arrow::DictionaryType&>(*type), type, num_rows);
      case arrow::Type::DATE64:
        return Numbers(type, num_rows, 20000, 86'400'000);
      case arrow::Type::TIME32:
        return Numbers(type, num_rows, 86'400'000);
      case arrow::Type::TIME64:
        return Numbers(type, num_rows, 86'400'000'000'000);
      case arrow::Type::DECIMAL128:
      case arrow::Type::DECIMAL256:
        return Numbers(type, num_rows, int64_t{1} << 60);
      default: {
        const int64_t width = static_cast<int64_t>(FixedBitWidth(*type) / 8);
        return arrow::ArrayData::Make(type, num_rows,
                                      {Validity(num_rows), RandomBytes(num_rows * width)});
      }
    }
  }

  std::mt19937 random_;
  const double null_share_;
  const int distinct_strings_;
};

}  // namespace lancea::v2_0
