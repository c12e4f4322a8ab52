#include "lancea/expr/substrait_types.h"

#include <cstring>
#include <limits>

#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/util/decimal.h"
#include "arrow/util/float16.h"
#include "lancea/util/errors.h"
#include "lancea/util/parse_message.h"

namespace lancea {
namespace {

using arrow::DataType;
using arrow::Scalar;
using Literal = ::substrait::Expression::Literal;
using ScalarResult = arrow::Result<std::shared_ptr<Scalar>>;
using TypeResult = arrow::Result<std::shared_ptr<DataType>>;

arrow::Result<arrow::TimeUnit::type> UnitOf(int32_t digits) {
  switch (digits) {
    case 0:
      return arrow::TimeUnit::SECOND;
    case 3:
      return arrow::TimeUnit::MILLI;
    case 6:
      return arrow::TimeUnit::MICRO;
    case 9:
      return arrow::TimeUnit::NANO;
    default:
      return Unsupported("Substrait timestamps of ", digits, " digits");
  }
}

TypeResult TimestampOf(int32_t digits, const char* zone) {
  ARROW_ASSIGN_OR_RAISE(const auto unit, UnitOf(digits));
  return arrow::timestamp(unit, zone);
}

TypeResult DecimalOf(int32_t precision, int32_t scale) {
  if (precision < 1 || precision > arrow::Decimal128Type::kMaxPrecision || scale < 0 ||
      scale > precision) {
    return InvalidInput("Substrait decimal(", precision, ", ", scale, ")");
  }
  return arrow::decimal128(precision, scale);
}

ScalarResult DecimalValue(const Literal::Decimal& literal) {
  ARROW_ASSIGN_OR_RAISE(auto type, DecimalOf(literal.precision(), literal.scale()));
  if (literal.value().size() != 16) {
    return InvalidInput("a Substrait decimal of ", literal.value().size(), " bytes; it has 16");
  }
  arrow::Decimal128 value(reinterpret_cast<const uint8_t*>(literal.value().data()));
  return std::make_shared<arrow::Decimal128Scalar>(value, std::move(type));
}

template <typename T>
ScalarResult Narrow(int32_t value) {
  if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) {
    return InvalidInput("the Substrait literal ", value, " does not fit ", sizeof(T), " bytes");
  }
  return arrow::MakeScalar(static_cast<T>(value));
}

template <typename T>
ScalarResult NarrowUnsigned(uint64_t value) {
  if (value > std::numeric_limits<T>::max()) {
    return InvalidInput("the Substrait literal ", value, " does not fit ", sizeof(T), " bytes");
  }
  return arrow::MakeScalar(static_cast<T>(value));
}

}  // namespace

SubstraitTypes::SubstraitTypes(const ::substrait::ExtendedExpression& message) {
  for (const auto& declaration : message.extensions()) {
    if (!declaration.has_extension_type()) continue;
    names_[declaration.extension_type().type_anchor()] = declaration.extension_type().name();
  }
}

TypeResult SubstraitTypes::Declared(uint32_t anchor) const {
  static const std::map<std::string, std::shared_ptr<DataType>> kTypes = {
      {"u8", arrow::uint8()},
      {"u16", arrow::uint16()},
      {"u32", arrow::uint32()},
      {"u64", arrow::uint64()},
      {"fp16", arrow::float16()},
      {"null", arrow::null()},
      {"large_string", arrow::large_utf8()},
      {"large_binary", arrow::large_binary()},
      {"date_millis", arrow::date64()}};
  const auto name = names_.find(anchor);
  if (name == names_.end()) return InvalidInput("no Substrait type ", anchor, " was declared");
  const auto type = kTypes.find(name->second);
  if (type == kTypes.end()) return Unsupported("the Substrait type ", name->second);
  return type->second;
}

TypeResult SubstraitTypes::TypeOf(const ::substrait::Type& type) const {
  using Type = ::substrait::Type;
  switch (type.kind_case()) {
    case Type::kBool:
      return arrow::boolean();
    case Type::kI8:
      return arrow::int8();
    case Type::kI16:
      return arrow::int16();
    case Type::kI32:
      return arrow::int32();
    case Type::kI64:
      return arrow::int64();
    case Type::kFp32:
      return arrow::float32();
    case Type::kFp64:
      return arrow::float64();
    case Type::kString:
    case Type::kFixedChar:
    case Type::kVarchar:
      return arrow::utf8();
    case Type::kBinary:
      return arrow::binary();
    case Type::kFixedBinary:
      if (type.fixed_binary().length() < 0) return InvalidInput("fixed_binary of negative length");
      return arrow::fixed_size_binary(type.fixed_binary().length());
    case Type::kDate:
      return arrow::date32();
    case Type::kTime:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case Type::kTimestamp:
      return TimestampOf(6, "");
    case Type::kTimestampTz:
      return TimestampOf(6, "UTC");
    case Type::kPrecisionTimestamp:
      return TimestampOf(type.precision_timestamp().precision(), "");
    case Type::kPrecisionTimestampTz:
      return TimestampOf(type.precision_timestamp_tz().precision(), "UTC");
    case Type::kDecimal:
      return DecimalOf(type.decimal().precision(), type.decimal().scale());
    case Type::kList: {
      ARROW_ASSIGN_OR_RAISE(auto element, TypeOf(type.list().type()));
      return arrow::list(std::move(element));
    }
    case Type::kUserDefined:
      return Declared(type.user_defined().type_reference());
    default:
      return Unsupported("Substrait's type number ", static_cast<int>(type.kind_case()));
  }
}

ScalarResult SubstraitTypes::Wrapped(const Literal::UserDefined& literal) const {
  ARROW_ASSIGN_OR_RAISE(auto type, Declared(literal.type_reference()));
  const std::string& bytes = literal.value().value();
  if (arrow::is_base_binary_like(type->id())) {
    ::substrait::TextWrapper text;
    if (!ParseMessageIn(bytes, &text)) return InvalidInput("a broken Substrait literal");
    return arrow::MakeScalar(std::move(type), arrow::Buffer::FromString(text.value()));
  }
  ::substrait::NumberWrapper wrapper;
  if (!ParseMessageIn(bytes, &wrapper)) return InvalidInput("a broken Substrait literal");
  const uint64_t number = wrapper.value();
  switch (type->id()) {
    case arrow::Type::UINT8:
      return NarrowUnsigned<uint8_t>(number);
    case arrow::Type::UINT16:
      return NarrowUnsigned<uint16_t>(number);
    case arrow::Type::UINT32:
      return NarrowUnsigned<uint32_t>(number);
    case arrow::Type::UINT64:
      return arrow::MakeScalar(number);
    case arrow::Type::HALF_FLOAT:
      if (number > UINT16_MAX) return InvalidInput("a half float of more than 16 bits");
      return std::make_shared<arrow::HalfFloatScalar>(
          arrow::util::Float16::FromBits(static_cast<uint16_t>(number)));
    case arrow::Type::DATE64:
      return std::make_shared<arrow::Date64Scalar>(static_cast<int64_t>(number));
    default:
      return Unsupported("a Substrait literal of type ", type->ToString());
  }
}

ScalarResult SubstraitTypes::ValueOf(const Literal& literal) const {
  switch (literal.literal_type_case()) {
    case Literal::kBoolean:
      return arrow::MakeScalar(literal.boolean());
    case Literal::kI8:
      return Narrow<int8_t>(literal.i8());
    case Literal::kI16:
      return Narrow<int16_t>(literal.i16());
    case Literal::kI32:
      return arrow::MakeScalar(literal.i32());
    case Literal::kI64:
      return arrow::MakeScalar(int64_t{literal.i64()});
    case Literal::kFp32:
      return arrow::MakeScalar(literal.fp32());
    case Literal::kFp64:
      return arrow::MakeScalar(literal.fp64());
    case Literal::kString:
      return arrow::MakeScalar(literal.string());
    case Literal::kFixedChar:
      return arrow::MakeScalar(literal.fixed_char());
    case Literal::kVarChar:
      return arrow::MakeScalar(literal.var_char().value());
    case Literal::kBinary:
      return std::make_shared<arrow::BinaryScalar>(literal.binary());
    case Literal::kFixedBinary:
      return std::make_shared<arrow::FixedSizeBinaryScalar>(literal.fixed_binary());
    case Literal::kDate:
      return std::make_shared<arrow::Date32Scalar>(literal.date());
    case Literal::kTime:
      return std::make_shared<arrow::Time64Scalar>(literal.time(), arrow::TimeUnit::MICRO);
    case Literal::kTimestamp:
      return std::make_shared<arrow::TimestampScalar>(literal.timestamp(), arrow::TimeUnit::MICRO);
    case Literal::kTimestampTz:
      return std::make_shared<arrow::TimestampScalar>(literal.timestamp_tz(),
                                                      arrow::TimeUnit::MICRO, "UTC");
    case Literal::kPrecisionTimestamp: {
      const auto& given = literal.precision_timestamp();
      ARROW_ASSIGN_OR_RAISE(auto type, TimestampOf(given.precision(), ""));
      return std::make_shared<arrow::TimestampScalar>(given.value(), std::move(type));
    }
    case Literal::kPrecisionTimestampTz: {
      const auto& given = literal.precision_timestamp_tz();
      ARROW_ASSIGN_OR_RAISE(auto type, TimestampOf(given.precision(), "UTC"));
      return std::make_shared<arrow::TimestampScalar>(given.value(), std::move(type));
    }
    case Literal::kDecimal:
      return DecimalValue(literal.decimal());
    case Literal::kNull: {
      ARROW_ASSIGN_OR_RAISE(auto type, TypeOf(literal.null()));
      return arrow::MakeNullScalar(std::move(type));
    }
    case Literal::kUserDefined:
      return Wrapped(literal.user_defined());
    default:
      return Unsupported("Substrait's literal number ",
                         static_cast<int>(literal.literal_type_case()));
  }
}

}  // namespace lancea
