#include "lancea/expr/type_coercion.h"

#include <algorithm>

namespace lancea {
namespace {

using Combine = TypePointer (*)(const TypePointer&, const TypePointer&);

bool IsWide(const arrow::DataType& type) { return type.id() == arrow::Type::DECIMAL256; }

TypePointer MakeDecimal(int32_t precision, int32_t scale, bool wide) {
  const int32_t most =
      wide ? arrow::Decimal256Type::kMaxPrecision : arrow::Decimal128Type::kMaxPrecision;
  precision = std::min(precision, most);
  scale = std::min(scale, most);
  return wide ? arrow::decimal256(precision, scale) : arrow::decimal128(precision, scale);
}

TypePointer WiderDecimal(const arrow::DataType& left, const arrow::DataType& right) {
  const auto& a = static_cast<const arrow::DecimalType&>(left);
  const auto& b = static_cast<const arrow::DecimalType&>(right);
  const int32_t scale = std::max(a.scale(), b.scale());
  const int32_t whole = std::max(a.precision() - a.scale(), b.precision() - b.scale());
  return MakeDecimal(whole + scale, scale, IsWide(left) || IsWide(right));
}

TypePointer PlainNumbers(const arrow::DataType& left, const arrow::DataType& right) {
  for (auto id : {arrow::Type::DOUBLE, arrow::Type::FLOAT, arrow::Type::HALF_FLOAT}) {
    if (left.id() != id && right.id() != id) continue;
    return id == arrow::Type::DOUBLE  ? arrow::float64()
           : id == arrow::Type::FLOAT ? arrow::float32()
                                      : arrow::float16();
  }
  const bool left_signed = arrow::is_signed_integer(left.id());
  const bool right_signed = arrow::is_signed_integer(right.id());
  int width = std::max(left.bit_width(), right.bit_width());
  if (left_signed != right_signed) {
    const int unsigned_width = left_signed ? right.bit_width() : left.bit_width();
    if (unsigned_width == 64) return arrow::decimal128(20, 0);
    // Room for all of the unsigned one's numbers.
    if (unsigned_width >= width) width = unsigned_width * 2;
  }
  const bool is_signed = left_signed || right_signed;
  switch (width) {
    case 8:
      return is_signed ? arrow::int8() : arrow::uint8();
    case 16:
      return is_signed ? arrow::int16() : arrow::uint16();
    case 32:
      return is_signed ? arrow::int32() : arrow::uint32();
    default:
      return is_signed ? arrow::int64() : arrow::uint64();
  }
}

// For comparisons: floats beside decimals become decimals.
TypePointer Numbers(const arrow::DataType& left, const arrow::DataType& right) {
  if (!IsNumber(left) || !IsNumber(right)) return nullptr;
  const bool left_decimal = arrow::is_decimal(left.id());
  const bool right_decimal = arrow::is_decimal(right.id());
  if (left_decimal && right_decimal) return WiderDecimal(left, right);
  if (left_decimal) return WiderDecimal(left, *DecimalFor(right, IsWide(left)));
  if (right_decimal) return WiderDecimal(right, *DecimalFor(left, IsWide(right)));
  return PlainNumbers(left, right);
}

TypePointer Times(const TypePointer& left, const TypePointer& right) {
  const auto a = left->id();
  const auto b = right->id();
  auto is_date = [](arrow::Type::type id) {
    return id == arrow::Type::DATE32 || id == arrow::Type::DATE64;
  };
  if (a == arrow::Type::TIMESTAMP && b == arrow::Type::TIMESTAMP) {
    const auto& x = static_cast<const arrow::TimestampType&>(*left);
    const auto& y = static_cast<const arrow::TimestampType&>(*right);
    return arrow::timestamp(std::max(x.unit(), y.unit()),
                            x.timezone().empty() ? y.timezone() : x.timezone());
  }
  if (is_date(a) && is_date(b)) return arrow::date64();
  // The finest unit, so that neither loses anything.
  if (is_date(a) && b == arrow::Type::TIMESTAMP) {
    return arrow::timestamp(arrow::TimeUnit::NANO,
                            static_cast<const arrow::TimestampType&>(*right).timezone());
  }
  if (a == arrow::Type::TIMESTAMP && is_date(b)) return Times(right, left);
  if (arrow::is_time(a) && arrow::is_time(b)) return arrow::time64(arrow::TimeUnit::NANO);
  if (a == arrow::Type::DURATION && b == arrow::Type::DURATION) {
    return arrow::duration(std::max(static_cast<const arrow::DurationType&>(*left).unit(),
                                    static_cast<const arrow::DurationType&>(*right).unit()));
  }
  return nullptr;
}

TypePointer Lists(const TypePointer& left, const TypePointer& right, Combine combine) {
  if (!IsList(*left) || !IsList(*right)) return nullptr;
  const TypePointer element = combine(static_cast<const arrow::BaseListType&>(*left).value_type(),
                                      static_cast<const arrow::BaseListType&>(*right).value_type());
  if (element == nullptr) return nullptr;
  if (left->id() == arrow::Type::LARGE_LIST || right->id() == arrow::Type::LARGE_LIST) {
    return arrow::large_list(element);
  }
  return arrow::list(element);
}

TypePointer Structs(const TypePointer& left, const TypePointer& right, Combine combine) {
  if (left->id() != arrow::Type::STRUCT || right->id() != arrow::Type::STRUCT ||
      left->num_fields() != right->num_fields()) {
    return nullptr;
  }
  arrow::FieldVector fields;
  for (int i = 0; i < left->num_fields(); ++i) {
    const TypePointer type = combine(left->field(i)->type(), right->field(i)->type());
    if (type == nullptr || left->field(i)->name() != right->field(i)->name()) return nullptr;
    fields.push_back(left->field(i)->WithType(type));
  }
  return arrow::struct_(std::move(fields));
}

TypePointer TextWithTime(const arrow::DataType& text, const TypePointer& time) {
  if (!IsText(text)) return nullptr;
  switch (time->id()) {
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
      return time;
    case arrow::Type::TIMESTAMP:
      return arrow::timestamp(arrow::TimeUnit::NANO,
                              static_cast<const arrow::TimestampType&>(*time).timezone());
    default:
      return nullptr;
  }
}

TypePointer TextOrBytes(const TypePointer& left, const TypePointer& right) {
  const bool texts = IsText(*left) && IsText(*right);
  const bool large =
      arrow::is_large_binary_like(left->id()) || arrow::is_large_binary_like(right->id());
  if (texts) return large ? arrow::large_utf8() : arrow::utf8();
  const bool either = (IsText(*left) || IsBytes(*left)) && (IsText(*right) || IsBytes(*right));
  if (!either) return nullptr;
  return large ? arrow::large_binary() : arrow::binary();
}

TypePointer Common(const TypePointer& left, const TypePointer& right, bool text_wins,
                   Combine combine) {
  if (left->Equals(*right)) return left;
  if (left->id() == arrow::Type::NA) return right;
  if (right->id() == arrow::Type::NA) return left;
  if (TypePointer type = Numbers(*left, *right)) return type;
  if (TypePointer type = Times(left, right)) return type;
  // An integer counts days.
  if (left->id() == arrow::Type::DATE32 && arrow::is_integer(right->id())) return left;
  if (right->id() == arrow::Type::DATE32 && arrow::is_integer(left->id())) return right;
  if (TypePointer type = TextOrBytes(left, right)) return type;
  if (TypePointer type = Lists(left, right, combine)) return type;
  if (IsText(*left) && IsNumber(*right)) return text_wins ? left : right;
  if (IsNumber(*left) && IsText(*right)) return text_wins ? right : left;
  if (TypePointer type = TextWithTime(*left, right)) return type;
  if (TypePointer type = TextWithTime(*right, left)) return type;
  return Structs(left, right, combine);
}

}  // namespace

TypePointer DecimalFor(const arrow::DataType& number, bool wide) {
  switch (number.id()) {
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
      return MakeDecimal(3, 0, wide);
    case arrow::Type::INT16:
    case arrow::Type::UINT16:
      return MakeDecimal(5, 0, wide);
    case arrow::Type::INT32:
    case arrow::Type::UINT32:
      return MakeDecimal(10, 0, wide);
    case arrow::Type::INT64:
    case arrow::Type::UINT64:
      return MakeDecimal(20, 0, wide);
    case arrow::Type::HALF_FLOAT:
      return MakeDecimal(6, 3, wide);
    case arrow::Type::FLOAT:
      return MakeDecimal(14, 7, wide);
    case arrow::Type::DOUBLE:
      return MakeDecimal(30, 15, wide);
    default:
      return nullptr;
  }
}

TypePointer ComparisonType(const TypePointer& left, const TypePointer& right) {
  return Common(left, right, /*text_wins=*/false, ComparisonType);
}

TypePointer UnionType(const TypePointer& left, const TypePointer& right) {
  return Common(left, right, /*text_wins=*/true, UnionType);
}

std::pair<TypePointer, TypePointer> ArithmeticTypes(const TypePointer& left,
                                                    const TypePointer& right) {
  if (left->id() == arrow::Type::NA && IsNumber(*right)) return {right, right};
  if (right->id() == arrow::Type::NA && IsNumber(*left)) return {left, left};
  if (!IsNumber(*left) || !IsNumber(*right)) return {nullptr, nullptr};
  if (left->Equals(*right)) return {left, left};
  const bool left_decimal = arrow::is_decimal(left->id());
  const bool right_decimal = arrow::is_decimal(right->id());
  if (left_decimal && right_decimal) return {left, right};
  if (left_decimal && arrow::is_integer(right->id())) {
    return {left, DecimalFor(*right, IsWide(*left))};
  }
  if (right_decimal && arrow::is_integer(left->id())) {
    return {DecimalFor(*left, IsWide(*right)), right};
  }
  TypePointer type = PlainNumbers(*left, *right);
  return {type, type};
}

}  // namespace lancea
