#include "lancea/encoding/number_type.h"

#include <limits>

#include "arrow/array/data.h"
#include "arrow/buffer.h"
#include "arrow/type.h"

namespace lancea {

using arrow::Type;
using Wide = NumberCondition::Wide;

int64_t PlaceOf(const NumberType& type, double value) {
  return type.width == 8 ? NumberCondition::PlaceOf(value)
                         : NumberCondition::PlaceOf(static_cast<float>(value));
}

std::optional<NumberType> NumberTypeOf(const arrow::DataType& type) {
  using Order = NumberCondition::Order;
  auto is_signed = [](int width) {
    const Wide high = (Wide{1} << (8 * width - 1)) - 1;
    return NumberType{Order::kSigned, width, -high - 1, high};
  };
  auto is_unsigned = [](int width) {
    return NumberType{Order::kUnsigned, width, 0, (Wide{1} << (8 * width)) - 1};
  };
  switch (type.id()) {
    case Type::INT8:
      return is_signed(1);
    case Type::INT16:
      return is_signed(2);
    case Type::INT32:
    case Type::DATE32:
    case Type::TIME32:
      return is_signed(4);
    case Type::INT64:
    case Type::DATE64:
    case Type::TIME64:
    case Type::TIMESTAMP:
    case Type::DURATION:
      return is_signed(8);
    case Type::UINT8:
      return is_unsigned(1);
    case Type::UINT16:
      return is_unsigned(2);
    case Type::UINT32:
      return is_unsigned(4);
    case Type::UINT64:
      return is_unsigned(8);
    case Type::FLOAT:
    case Type::DOUBLE: {
      NumberType out{Order::kFloat, type.id() == Type::FLOAT ? 4 : 8, 0, 0};
      out.low = PlaceOf(out, -std::numeric_limits<double>::infinity());
      out.high = PlaceOf(out, std::numeric_limits<double>::infinity());
      return out;
    }
    default:
      return std::nullopt;
  }
}

Wide NumberAt(const NumberType& type, const uint8_t* bytes) {
  return NumberCondition::WideAt(type.order, type.width, bytes);
}

Wide NumberAt(const NumberType& type, const arrow::ArrayData& array, int64_t row) {
  return NumberAt(type, array.buffers[1]->data() + (array.offset + row) * type.width);
}

}  // namespace lancea
