// Random arrays of any type, with what real ones have: nulls, empty lists, slices, garbage behind nulls.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "arrow/array/array_base.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/structural/leaf_values.h"

namespace lancea {

/// How random arrays look.
struct RandomShape {
  double null_fraction = 0;
  double empty_fraction = 0.2;  ///< of lists
  int64_t max_list_length = 4;
  int64_t max_string_length = 12;
  int64_t num_distinct = 0;  ///< of fixed-width values and strings; 0: all random
  bool packed = false;       ///< no nulls below structs
};

class RandomArrays {
 public:
  explicit RandomArrays(uint64_t seed) : random_(seed) {}

  std::shared_ptr<arrow::Array> Make(const std::shared_ptr<arrow::DataType>& type, int64_t length,
                                     const RandomShape& shape) {
    // Rows before and behind that a slice leaves out.
    const int64_t before = Below(3);
    auto data = MakeData(type, before + length + Below(3), shape);
    return arrow::MakeArray(data)->Slice(before, length);
  }

 private:
  using Data = std::shared_ptr<arrow::ArrayData>;

  int64_t Below(int64_t bound) { return bound <= 0 ? 0 : static_cast<int64_t>(random_() % bound); }
  bool Chance(double fraction) { return static_cast<double>(random_() % 1000) < fraction * 1000; }

  std::shared_ptr<arrow::Buffer> Bytes(int64_t size) {
    auto buffer = arrow::AllocateBuffer(size).ValueOrDie();
    for (int64_t i = 0; i < size; ++i) {
      buffer->mutable_data()[i] = static_cast<uint8_t>(random_());
    }
    return buffer;
  }

  std::shared_ptr<arrow::Buffer> Validity(int64_t length, double null_fraction) {
    if (null_fraction == 0) return nullptr;
    auto bits = arrow::AllocateEmptyBitmap(length).ValueOrDie();
    for (int64_t i = 0; i < length; ++i) {
      if (!Chance(null_fraction)) arrow::bit_util::SetBit(bits->mutable_data(), i);
    }
    return bits;
  }

  template <typename Offset>
  std::shared_ptr<arrow::Buffer> Offsets(int64_t length, double empty, int64_t longest,
                                         int64_t* end) {
    auto buffer = arrow::AllocateBuffer((length + 1) * sizeof(Offset)).ValueOrDie();
    Offset* offsets = buffer->mutable_data_as<Offset>();
    offsets[0] = static_cast<Offset>(Below(3));  // need not begin at 0
    for (int64_t i = 0; i < length; ++i) {
      offsets[i + 1] = offsets[i] + static_cast<Offset>(Chance(empty) ? 0 : Below(longest) + 1);
    }
    *end = offsets[length];
    return buffer;
  }

  Data MakeData(const std::shared_ptr<arrow::DataType>& type, int64_t length,
                const RandomShape& shape) {
    using arrow::Type;
    if (type->id() == Type::NA) return arrow::ArrayData::Make(type, length, {nullptr}, length);
    auto validity = Validity(length, shape.null_fraction);
    const int64_t nulls = validity == nullptr ? 0 : arrow::kUnknownNullCount;
    auto make = [&](std::vector<std::shared_ptr<arrow::Buffer>> buffers,
                    std::vector<Data> children) {
      return arrow::ArrayData::Make(type, length, std::move(buffers), std::move(children), nulls);
    };
    switch (type->id()) {
      case Type::STRUCT: {
        RandomShape inner = shape;
        if (shape.packed) inner.null_fraction = 0;
        std::vector<Data> children;
        for (const auto& field : type->fields()) {
          children.push_back(MakeData(field->type(), length, inner));
        }
        return make({validity}, std::move(children));
      }
      case Type::LIST:
      case Type::MAP:
      case Type::LARGE_LIST: {
        int64_t end = 0;
        auto offsets =
            type->id() == Type::LARGE_LIST
                ? Offsets<int64_t>(length, shape.empty_fraction, shape.max_list_length, &end)
                : Offsets<int32_t>(length, shape.empty_fraction, shape.max_list_length, &end);
        if (type->id() == Type::MAP) {
          const auto& map = static_cast<const arrow::MapType&>(*type);
          RandomShape all_valid = shape;
          all_valid.null_fraction = 0;
          auto entries = arrow::ArrayData::Make(
              map.value_type(), end, {nullptr},
              {MakeData(map.key_type(), end, all_valid), MakeData(map.item_type(), end, shape)}, 0);
          return make({validity, offsets}, {entries});
        }
        return make({validity, offsets}, {MakeData(type->field(0)->type(), end, shape)});
      }
      case Type::FIXED_SIZE_LIST: {
        const auto& list = static_cast<const arrow::FixedSizeListType&>(*type);
        return make({validity}, {MakeData(list.value_type(), length * list.list_size(), shape)});
      }
      case Type::DICTIONARY: {
        const auto& dictionary = static_cast<const arrow::DictionaryType&>(*type);
        constexpr int64_t kItems = 5;
        RandomShape items = shape;
        items.null_fraction = 0;
        items.num_distinct = 0;
        const int64_t width = static_cast<int64_t>(FixedBitWidth(*dictionary.index_type()) / 8);
        auto indices = arrow::AllocateBuffer(length * width).ValueOrDie();
        std::memset(indices->mutable_data(), 0, length * width);
        for (int64_t i = 0; i < length; ++i) {
          indices->mutable_data()[i * width] = static_cast<uint8_t>(Below(kItems));
        }
        auto out = make({validity, std::move(indices)}, {});
        out->dictionary = MakeData(dictionary.value_type(), kItems, items);
        return out;
      }
      default:
        break;
    }
    if (arrow::is_base_binary_like(type->id())) {
      const bool large = arrow::is_large_binary_like(type->id());
      int64_t end = 0;
      auto offsets = large ? Offsets<int64_t>(length, 0.1, shape.max_string_length, &end)
                           : Offsets<int32_t>(length, 0.1, shape.max_string_length, &end);
      auto bytes = Bytes(end);
      for (int64_t i = 0; i < end; ++i) {
        const int letters = shape.num_distinct > 0 ? 2 : 26;
        bytes->mutable_data()[i] = static_cast<uint8_t>('a' + bytes->data()[i] % letters);
      }
      return make({validity, offsets, bytes}, {});
    }
    const int64_t bits = static_cast<int64_t>(FixedBitWidth(*type));
    auto bytes = Bytes(arrow::bit_util::BytesForBits(length * bits));
    if (shape.num_distinct > 0 && bits >= 8) {
      const int64_t width = bits / 8;
      std::memset(bytes->mutable_data(), 0, bytes->size());
      for (int64_t i = 0; i < length; ++i) {
        bytes->mutable_data()[i * width] = static_cast<uint8_t>(Below(shape.num_distinct));
      }
    } else if (type->id() == Type::FLOAT || type->id() == Type::DOUBLE ||
               type->id() == Type::HALF_FLOAT) {
      // No exponent of all ones: a NaN equals nothing.
      for (int64_t i = bits / 8 - 1; i < bytes->size(); i += bits / 8) {
        bytes->mutable_data()[i] &= 0x3F;
      }
    }
    return make({validity, bytes}, {});
  }

  std::mt19937_64 random_;
};

}  // namespace lancea
