#include "lancea/expr/kernels/cast_text.h"

#include <limits>
#include <optional>
#include <type_traits>

#include "arrow/array/array_binary.h"
#include "arrow/array/array_decimal.h"
#include "arrow/array/array_primitive.h"
#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_decimal.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/array/builder_time.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/compute/exec.h"
#include "arrow/type.h"
#include "arrow/util/decimal.h"
#include "arrow/util/float16.h"
#include "lancea/expr/kernels/number_types.h"
#include "lancea/expr/kernels/text_parse.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using ArrayPointer = std::shared_ptr<arrow::Array>;
using TypePtr = std::shared_ptr<arrow::DataType>;

std::string_view TextAt(const arrow::Array& array, int64_t row) {
  if (array.type_id() == arrow::Type::LARGE_STRING) {
    return static_cast<const arrow::LargeStringArray&>(array).GetView(row);
  }
  return static_cast<const arrow::StringArray&>(array).GetView(row);
}

int64_t PerSecond(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1;
    case arrow::TimeUnit::MILLI:
      return 1'000;
    case arrow::TimeUnit::MICRO:
      return 1'000'000;
    default:
      return 1'000'000'000;
  }
}

// Builds the array of parse(text) for each text.
template <typename Builder, typename Parse>
arrow::Result<ArrayPointer> ParseEach(const arrow::Array& texts, const arrow::DataType& to,
                                      bool or_null, Builder* builder, Parse parse) {
  ARROW_RETURN_NOT_OK(builder->Reserve(texts.length()));
  for (int64_t row = 0; row < texts.length(); ++row) {
    if (texts.IsNull(row)) {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
      continue;
    }
    const auto value = parse(TextAt(texts, row));
    if (value.has_value()) {
      ARROW_RETURN_NOT_OK(builder->Append(*value));
    } else if (or_null) {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
    } else {
      return InvalidInput("Cannot cast string '", TextAt(texts, row), "' to value of ",
                          to.ToString(), " type");
    }
  }
  return builder->Finish();
}

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  if constexpr (std::is_floating_point_v<T>) {
    const auto number = ParseDouble(text);
    return number ? std::optional<T>(static_cast<T>(*number)) : std::nullopt;
  } else if constexpr (std::is_signed_v<T>) {
    const auto number = ParseInt64(text);
    if (!number || *number < std::numeric_limits<T>::min() ||
        *number > std::numeric_limits<T>::max()) {
      return std::nullopt;
    }
    return static_cast<T>(*number);
  } else {
    const auto number = ParseUint64(text);
    if (!number || *number > std::numeric_limits<T>::max()) return std::nullopt;
    return static_cast<T>(*number);
  }
}

std::optional<int64_t> TimestampIn(std::string_view text, int64_t per_second) {
  const auto parsed = ParseTimestamp(text);
  int64_t ticks = 0;
  if (!parsed || __builtin_mul_overflow(parsed->seconds, per_second, &ticks) ||
      __builtin_add_overflow(ticks, parsed->nanoseconds / (1'000'000'000 / per_second), &ticks)) {
    return std::nullopt;
  }
  return ticks;
}

arrow::Result<ArrayPointer> ParseTimestamps(const arrow::Array& texts, const TypePtr& to,
                                            bool or_null, arrow::MemoryPool* pool) {
  const auto& type = static_cast<const arrow::TimestampType&>(*to);
  const int64_t per_second = PerSecond(type.unit());
  auto parse = [&](std::string_view text) { return TimestampIn(text, per_second); };
  bool any_zone = false;
  for (int64_t row = 0; row < texts.length() && !any_zone; ++row) {
    if (texts.IsNull(row)) continue;
    const auto parsed = ParseTimestamp(TextAt(texts, row));
    any_zone = parsed && parsed->has_zone;
  }
  if (type.timezone().empty() || type.timezone() == "UTC" || any_zone) {
    arrow::TimestampBuilder builder(to, pool);
    return ParseEach(texts, *to, or_null, &builder, parse);
  }
  // Text without a zone is meant in the zone of the type.
  arrow::TimestampBuilder builder(arrow::timestamp(type.unit()), pool);
  ARROW_ASSIGN_OR_RAISE(auto local, ParseEach(texts, *to, or_null, &builder, parse));
  arrow::compute::ExecContext context(pool);
  const arrow::compute::AssumeTimezoneOptions options(
      type.timezone(), arrow::compute::AssumeTimezoneOptions::AMBIGUOUS_EARLIEST,
      arrow::compute::AssumeTimezoneOptions::NONEXISTENT_EARLIEST);
  ARROW_ASSIGN_OR_RAISE(arrow::Datum out, arrow::compute::CallFunction("assume_timezone", {local},
                                                                       &options, &context));
  return out.make_array();
}

// Digits before and behind the point, rounded to the scale of the type.
std::optional<arrow::Decimal256> DecimalIn(std::string_view text, const arrow::DecimalType& type) {
  if (text.empty()) return arrow::Decimal256(0);
  arrow::Decimal256 number;
  int32_t precision = 0;
  int32_t scale = 0;
  if (!arrow::Decimal256::FromString(text, &number, &precision, &scale).ok()) return std::nullopt;
  if (scale > type.scale()) {
    number = arrow::Decimal256(number.ReduceScaleBy(scale - type.scale(), /*round=*/true));
  } else {
    if (precision + type.scale() - scale > arrow::Decimal256Type::kMaxPrecision) {
      return std::nullopt;
    }
    number = arrow::Decimal256(number.IncreaseScaleBy(type.scale() - scale));
  }
  if (!number.FitsInPrecision(type.precision())) return std::nullopt;
  return number;
}

arrow::Decimal128 Narrow(const arrow::Decimal256& number) {
  const auto& words = number.little_endian_array();
  return arrow::Decimal128(static_cast<int64_t>(words[1]), words[0]);
}

arrow::Result<ArrayPointer> ParseDecimals(const arrow::Array& texts, const TypePtr& to,
                                          bool or_null, arrow::MemoryPool* pool) {
  const auto& type = static_cast<const arrow::DecimalType&>(*to);
  if (to->id() == arrow::Type::DECIMAL256) {
    arrow::Decimal256Builder builder(to, pool);
    return ParseEach(texts, *to, or_null, &builder,
                     [&](std::string_view text) { return DecimalIn(text, type); });
  }
  arrow::Decimal128Builder builder(to, pool);
  return ParseEach(texts, *to, or_null, &builder, [&](std::string_view text) {
    const auto number = DecimalIn(text, type);
    return number ? std::optional<arrow::Decimal128>(Narrow(*number)) : std::nullopt;
  });
}

// The text of each valid row.
template <typename TextOf>
arrow::Result<ArrayPointer> EachAsText(const arrow::Array& array, const TypePtr& to,
                                       arrow::MemoryPool* pool, TextOf text_of) {
  auto run = [&](auto builder) -> arrow::Result<ArrayPointer> {
    for (int64_t row = 0; row < array.length(); ++row) {
      if (array.IsNull(row)) {
        ARROW_RETURN_NOT_OK(builder.AppendNull());
      } else {
        ARROW_RETURN_NOT_OK(builder.Append(text_of(row)));
      }
    }
    return builder.Finish();
  };
  if (to->id() == arrow::Type::LARGE_STRING) return run(arrow::LargeStringBuilder(pool));
  return run(arrow::StringBuilder(pool));
}

std::string OffsetText(int64_t seconds) {
  if (seconds == 0) return "Z";
  const int64_t minutes = (seconds < 0 ? -seconds : seconds) / 60;
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%c%02d:%02d", seconds < 0 ? '-' : '+',
                static_cast<int>(minutes / 60), static_cast<int>(minutes % 60));
  return buffer;
}

arrow::Result<ArrayPointer> TimestampsAsText(const ArrayPointer& array, const TypePtr& to,
                                             arrow::MemoryPool* pool) {
  const auto& type = static_cast<const arrow::TimestampType&>(*array->type());
  const int64_t per_second = PerSecond(type.unit());
  ArrayPointer local = array;
  if (!type.timezone().empty() && type.timezone() != "UTC") {
    arrow::compute::ExecContext context(pool);
    ARROW_ASSIGN_OR_RAISE(arrow::Datum out,
                          arrow::compute::CallFunction("local_timestamp", {array}, &context));
    local = out.make_array();
  }
  const auto& moments = static_cast<const arrow::TimestampArray&>(*array);
  const auto& values = static_cast<const arrow::TimestampArray&>(*local);
  return EachAsText(*array, to, pool, [&](int64_t row) {
    const int64_t ticks = values.Value(row);
    const int64_t per_day = per_second * 86'400;
    const int64_t days = ticks / per_day - (ticks % per_day < 0 ? 1 : 0);
    const int64_t nanoseconds = (ticks - days * per_day) * (1'000'000'000 / per_second);
    std::string text = DateText(days) + "T" + TimeText(nanoseconds);
    if (!type.timezone().empty()) {
      text += OffsetText((ticks - moments.Value(row)) / per_second);
    }
    return text;
  });
}

}  // namespace

arrow::Result<ArrayPointer> CastFromText(const arrow::Array& array, const TypePtr& to, bool or_null,
                                         arrow::MemoryPool* pool) {
  switch (to->id()) {
    case arrow::Type::BOOL: {
      arrow::BooleanBuilder builder(pool);
      return ParseEach(array, *to, or_null, &builder, ParseBoolean);
    }
    case arrow::Type::HALF_FLOAT: {
      arrow::HalfFloatBuilder builder(pool);
      return ParseEach(array, *to, or_null, &builder, [](std::string_view text) {
        const auto number = ParseDouble(text);
        return number ? std::optional<uint16_t>(arrow::util::Float16::FromDouble(*number).bits())
                      : std::nullopt;
      });
    }
    case arrow::Type::DATE32: {
      arrow::Date32Builder builder(pool);
      return ParseEach(array, *to, or_null, &builder, ParseDate);
    }
    case arrow::Type::DATE64: {
      arrow::Date64Builder builder(pool);
      return ParseEach(array, *to, or_null, &builder,
                       [](std::string_view text) { return TimestampIn(text, 1'000); });
    }
    case arrow::Type::TIME32: {
      arrow::Time32Builder builder(to, pool);
      const int64_t divisor =
          1'000'000'000 / PerSecond(static_cast<const arrow::TimeType&>(*to).unit());
      return ParseEach(array, *to, or_null, &builder, [&](std::string_view text) {
        const auto time = ParseTime(text);
        return time ? std::optional<int32_t>(static_cast<int32_t>(*time / divisor)) : std::nullopt;
      });
    }
    case arrow::Type::TIME64: {
      arrow::Time64Builder builder(to, pool);
      const int64_t divisor =
          1'000'000'000 / PerSecond(static_cast<const arrow::TimeType&>(*to).unit());
      return ParseEach(array, *to, or_null, &builder, [&](std::string_view text) {
        const auto time = ParseTime(text);
        return time ? std::optional<int64_t>(*time / divisor) : std::nullopt;
      });
    }
    case arrow::Type::TIMESTAMP:
      return ParseTimestamps(array, to, or_null, pool);
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      return ParseDecimals(array, to, or_null, pool);
    default:
      break;
  }
  if (!arrow::is_integer(to->id()) && !arrow::is_floating(to->id())) return ArrayPointer();
  ArrayPointer out;
  ARROW_RETURN_NOT_OK(VisitNumberType(*to, [&](auto type) -> arrow::Status {
    using Type = decltype(type);
    arrow::NumericBuilder<Type> builder(pool);
    ARROW_ASSIGN_OR_RAISE(
        out, ParseEach(array, *to, or_null, &builder, ParseNumber<typename Type::c_type>));
    return arrow::Status::OK();
  }));
  return out;
}

arrow::Result<ArrayPointer> CastToText(const ArrayPointer& array, const TypePtr& to,
                                       arrow::MemoryPool* pool) {
  switch (array->type_id()) {
    case arrow::Type::FLOAT: {
      const auto& numbers = static_cast<const arrow::FloatArray&>(*array);
      return EachAsText(*array, to, pool,
                        [&](int64_t row) { return FloatText(numbers.Value(row)); });
    }
    case arrow::Type::DOUBLE: {
      const auto& numbers = static_cast<const arrow::DoubleArray&>(*array);
      return EachAsText(*array, to, pool,
                        [&](int64_t row) { return FloatText(numbers.Value(row)); });
    }
    case arrow::Type::HALF_FLOAT: {
      const auto& numbers = static_cast<const arrow::HalfFloatArray&>(*array);
      return EachAsText(*array, to, pool, [&](int64_t row) {
        return FloatText(arrow::util::Float16::FromBits(numbers.Value(row)).ToFloat());
      });
    }
    case arrow::Type::DATE32: {
      const auto& days = static_cast<const arrow::Date32Array&>(*array);
      return EachAsText(*array, to, pool, [&](int64_t row) { return DateText(days.Value(row)); });
    }
    case arrow::Type::TIME32: {
      const auto& times = static_cast<const arrow::Time32Array&>(*array);
      const int64_t factor =
          1'000'000'000 / PerSecond(static_cast<const arrow::TimeType&>(*array->type()).unit());
      return EachAsText(*array, to, pool,
                        [&](int64_t row) { return TimeText(times.Value(row) * factor); });
    }
    case arrow::Type::TIME64: {
      const auto& times = static_cast<const arrow::Time64Array&>(*array);
      const int64_t factor =
          1'000'000'000 / PerSecond(static_cast<const arrow::TimeType&>(*array->type()).unit());
      return EachAsText(*array, to, pool,
                        [&](int64_t row) { return TimeText(times.Value(row) * factor); });
    }
    case arrow::Type::TIMESTAMP:
      return TimestampsAsText(array, to, pool);
    default:
      return ArrayPointer();
  }
}

}  // namespace lancea
