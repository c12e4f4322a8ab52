#include "lancea/expr/literal_coercion.h"

#include <cmath>

#include "arrow/array/array_base.h"
#include "arrow/array/util.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/util/decimal.h"
#include "arrow/util/float16.h"
#include "lancea/expr/kernels/cast.h"
#include "lancea/expr/typed.h"

namespace lancea {
namespace {

using ScalarPointer = std::shared_ptr<arrow::Scalar>;

// From here on no finite float16 is near.
constexpr double kFloat16Overflow = 65'520.0;

ScalarPointer Converted(const ScalarPointer& value, const TypePointer& to) {
  auto array = arrow::MakeArrayFromScalar(*value, 1);
  if (!array.ok()) return nullptr;
  auto out = CastArray(*array, to, /*or_null=*/true, arrow::default_memory_pool());
  if (!out.ok() || (*out)->IsNull(0)) return nullptr;
  auto scalar = (*out)->GetScalar(0);
  return scalar.ok() ? *scalar : nullptr;
}

ScalarPointer ToFloat16(const ScalarPointer& value) {
  const ScalarPointer wide = Converted(value, arrow::float64());
  if (wide == nullptr) return nullptr;
  const double number = static_cast<const arrow::DoubleScalar&>(*wide).value;
  if (std::isfinite(number) && std::abs(number) >= kFloat16Overflow) return nullptr;
  const auto half = arrow::util::Float16::FromDouble(number);
  if (half.is_zero() && number != 0) return nullptr;
  return std::make_shared<arrow::HalfFloatScalar>(half.bits());
}

ScalarPointer ToDecimal(const std::string& written, const TypePointer& to) {
  const auto& type = static_cast<const arrow::DecimalType&>(*to);
  arrow::Decimal256 number;
  int32_t precision = 0;
  int32_t scale = 0;
  if (!arrow::Decimal256::FromString(written, &number, &precision, &scale).ok()) return nullptr;
  auto rescaled = number.Rescale(scale, type.scale());
  if (!rescaled.ok() || !rescaled->FitsInPrecision(type.precision())) return nullptr;
  return Converted(std::make_shared<arrow::StringScalar>(written), to);
}

ScalarPointer FromInteger(const ScalarPointer& value, const TypePointer& to) {
  if (arrow::is_integer(to->id()) || to->id() == arrow::Type::FLOAT ||
      to->id() == arrow::Type::DOUBLE || arrow::is_decimal(to->id()) ||
      to->id() == arrow::Type::TIME32) {
    return Converted(value, to);
  }
  return to->id() == arrow::Type::HALF_FLOAT ? ToFloat16(value) : nullptr;
}

ScalarPointer FromText(const ScalarPointer& value, const TypePointer& to) {
  switch (to->id()) {
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
      return Converted(value, to);
    default:
      return nullptr;
  }
}

ScalarPointer FromBytes(const ScalarPointer& value, const TypePointer& to) {
  const auto& bytes = static_cast<const arrow::BaseBinaryScalar&>(*value);
  if (to->id() == arrow::Type::FIXED_SIZE_BINARY) {
    const auto width = static_cast<const arrow::FixedSizeBinaryType&>(*to).byte_width();
    if (static_cast<int64_t>(bytes.view().size()) != width) return nullptr;
    return std::make_shared<arrow::FixedSizeBinaryScalar>(bytes.value, to);
  }
  return IsBytes(*to) ? Converted(value, to) : nullptr;
}

}  // namespace

ScalarPointer CoerceLiteral(const ScalarPointer& value, const TypePointer& to,
                            const std::string& written) {
  if (value->type->Equals(*to)) return value;
  if (!value->is_valid) return arrow::MakeNullScalar(to);
  const arrow::DataType& from = *value->type;
  if (arrow::is_integer(from.id())) return FromInteger(value, to);
  if (arrow::is_floating(from.id())) {
    if (to->id() == arrow::Type::HALF_FLOAT) return ToFloat16(value);
    if (arrow::is_floating(to->id())) return Converted(value, to);
    return arrow::is_decimal(to->id()) && !written.empty() ? ToDecimal(written, to) : nullptr;
  }
  if (IsText(from)) return FromText(value, to);
  if (from.id() == arrow::Type::BINARY) return FromBytes(value, to);
  if (IsList(from)) return IsList(*to) ? Converted(value, to) : nullptr;
  if (from.id() == to->id() && (arrow::is_temporal(to->id()) || arrow::is_decimal(to->id()))) {
    return Converted(value, to);
  }
  if (arrow::is_date(from.id()) && arrow::is_date(to->id())) return Converted(value, to);
  if (arrow::is_time(from.id()) && arrow::is_time(to->id())) return Converted(value, to);
  return nullptr;
}

}  // namespace lancea
