#include <cmath>
#include <optional>

#include "arrow/array/array_decimal.h"
#include "arrow/array/array_primitive.h"
#include "arrow/array/builder_decimal.h"
#include "arrow/type.h"
#include "arrow/util/decimal.h"
#include "lancea/expr/kernels/cast_text.h"
#include "lancea/expr/kernels/number_types.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::Decimal128;
using arrow::Decimal256;
using ArrayPointer = std::shared_ptr<arrow::Array>;

constexpr int32_t kMaxDigits = arrow::Decimal256Type::kMaxPrecision;

Decimal128 Narrow(const Decimal256& number) {
  const auto& words = number.little_endian_array();
  return Decimal128(static_cast<int64_t>(words[1]), words[0]);
}

// `number` with `by` more digits behind the point, or fewer and rounded.
std::optional<Decimal256> Rescale(const Decimal256& number, int32_t by) {
  if (by <= 0) return Decimal256(number.ReduceScaleBy(-by, /*round=*/true));
  if (by > kMaxDigits || !number.FitsInPrecision(kMaxDigits - by)) return std::nullopt;
  return Decimal256(number.IncreaseScaleBy(by));
}

// Halves go away from zero, as digits are after multiplying.
std::optional<Decimal256> FromFloat(double number, int32_t scale) {
  const double rounded = std::round(number * std::pow(10.0, scale));
  if (!std::isfinite(rounded)) return std::nullopt;
  auto out = Decimal256::FromReal(rounded, kMaxDigits, 0);
  return out.ok() ? std::optional<Decimal256>(*out) : std::nullopt;
}

// convert(row) for each valid row.
template <typename Convert>
arrow::Result<ArrayPointer> ConvertEach(const arrow::Array& array,
                                        const std::shared_ptr<arrow::DataType>& to, bool or_null,
                                        arrow::MemoryPool* pool, Convert convert) {
  const int32_t precision = static_cast<const arrow::DecimalType&>(*to).precision();
  auto run = [&](auto builder, auto narrow) -> arrow::Result<ArrayPointer> {
    ARROW_RETURN_NOT_OK(builder.Reserve(array.length()));
    for (int64_t row = 0; row < array.length(); ++row) {
      if (array.IsNull(row)) {
        ARROW_RETURN_NOT_OK(builder.AppendNull());
        continue;
      }
      const std::optional<Decimal256> number = convert(row);
      if (number.has_value() && number->FitsInPrecision(precision)) {
        ARROW_RETURN_NOT_OK(builder.Append(narrow(*number)));
      } else if (or_null) {
        ARROW_RETURN_NOT_OK(builder.AppendNull());
      } else {
        return InvalidInput("a value of type ", array.type()->ToString(),
                            " is too large to store in ", to->ToString());
      }
    }
    return builder.Finish();
  };
  if (to->id() == arrow::Type::DECIMAL256) {
    return run(arrow::Decimal256Builder(to, pool), [](const Decimal256& number) { return number; });
  }
  return run(arrow::Decimal128Builder(to, pool), Narrow);
}

}  // namespace

arrow::Result<ArrayPointer> CastToDecimal(const arrow::Array& array,
                                          const std::shared_ptr<arrow::DataType>& to, bool or_null,
                                          arrow::MemoryPool* pool) {
  const int32_t scale = static_cast<const arrow::DecimalType&>(*to).scale();
  if (array.type_id() == arrow::Type::DECIMAL256 || array.type_id() == arrow::Type::DECIMAL128) {
    const int32_t by = scale - static_cast<const arrow::DecimalType&>(*array.type()).scale();
    const bool wide = array.type_id() == arrow::Type::DECIMAL256;
    return ConvertEach(array, to, or_null, pool, [&](int64_t row) {
      const auto* bytes = static_cast<const arrow::FixedSizeBinaryArray&>(array).GetValue(row);
      return Rescale(wide ? Decimal256(bytes) : Decimal256(Decimal128(bytes)), by);
    });
  }
  ArrayPointer out;
  ARROW_RETURN_NOT_OK(VisitNumberType(*array.type(), [&](auto type) -> arrow::Status {
    using Type = decltype(type);
    const auto& numbers = static_cast<const arrow::NumericArray<Type>&>(array);
    auto convert = [&](int64_t row) {
      if constexpr (std::is_floating_point_v<typename Type::c_type>) {
        return FromFloat(static_cast<double>(numbers.Value(row)), scale);
      } else {
        return Rescale(Decimal256(numbers.Value(row)), scale);
      }
    };
    ARROW_ASSIGN_OR_RAISE(out, ConvertEach(array, to, or_null, pool, convert));
    return arrow::Status::OK();
  }));
  return out;
}

}  // namespace lancea
