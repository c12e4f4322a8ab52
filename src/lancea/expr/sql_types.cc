#include "lancea/expr/sql_types.h"

#include <charconv>
#include <span>
#include <vector>

#include "lancea/expr/sql_error.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

struct NamedType {
  const char* name;
  TypePointer type;
};

std::span<const NamedType> NamedTypes() {
  static const NamedType kTypes[] = {
      {"boolean", arrow::boolean()},
      {"bool", arrow::boolean()},
      {"tinyint", arrow::int8()},
      {"int8", arrow::int8()},
      {"smallint", arrow::int16()},
      {"int16", arrow::int16()},
      {"int2", arrow::int16()},
      {"int", arrow::int32()},
      {"integer", arrow::int32()},
      {"int32", arrow::int32()},
      {"int4", arrow::int32()},
      {"bigint", arrow::int64()},
      {"int64", arrow::int64()},
      {"tinyint unsigned", arrow::uint8()},
      {"uint8", arrow::uint8()},
      {"smallint unsigned", arrow::uint16()},
      {"uint16", arrow::uint16()},
      {"int unsigned", arrow::uint32()},
      {"integer unsigned", arrow::uint32()},
      {"uint32", arrow::uint32()},
      {"bigint unsigned", arrow::uint64()},
      {"uint64", arrow::uint64()},
      {"float16", arrow::float16()},
      {"half", arrow::float16()},
      {"float", arrow::float32()},
      {"float32", arrow::float32()},
      {"float4", arrow::float32()},
      {"real", arrow::float32()},
      {"double", arrow::float64()},
      {"float64", arrow::float64()},
      {"float8", arrow::float64()},
      {"string", arrow::utf8()},
      {"varchar", arrow::utf8()},
      {"text", arrow::utf8()},
      {"char", arrow::utf8()},
      {"utf8", arrow::utf8()},
      {"large_string", arrow::large_utf8()},
      {"largeutf8", arrow::large_utf8()},
      {"binary", arrow::binary()},
      {"varbinary", arrow::binary()},
      {"bytea", arrow::binary()},
      {"blob", arrow::binary()},
      {"large_binary", arrow::large_binary()},
      {"date", arrow::date32()},
      {"date32", arrow::date32()},
      {"date64", arrow::date64()},
      {"time", arrow::time64(arrow::TimeUnit::NANO)},
  };
  return kTypes;
}

arrow::Result<TypePointer> Timestamp(const std::vector<int>& numbers, bool with_zone) {
  arrow::TimeUnit::type unit = arrow::TimeUnit::MICRO;
  const int digits = numbers.empty() ? 6 : numbers[0];
  if (numbers.size() > 1 || (digits != 0 && digits != 3 && digits != 6 && digits != 9)) {
    return InvalidInput("a timestamp has 0, 3, 6 or 9 digits of a second");
  }
  unit = digits == 0   ? arrow::TimeUnit::SECOND
         : digits == 3 ? arrow::TimeUnit::MILLI
         : digits == 6 ? arrow::TimeUnit::MICRO
                       : arrow::TimeUnit::NANO;
  return arrow::timestamp(unit, with_zone ? "UTC" : "");
}

arrow::Result<TypePointer> Decimal(const std::vector<int>& numbers) {
  if (numbers.size() != 2) {
    return InvalidInput("a decimal needs precision and scale: decimal(10, 2)");
  }
  const int precision = numbers[0];
  const int scale = numbers[1];
  if (precision < 1 || precision > arrow::Decimal256Type::kMaxPrecision || scale > precision) {
    return InvalidInput("decimal(", precision, ", ", scale,
                        "): precision goes from 1 to 76, scale up to the precision");
  }
  if (precision > arrow::Decimal128Type::kMaxPrecision) return arrow::decimal256(precision, scale);
  return arrow::decimal128(precision, scale);
}

}  // namespace

arrow::Result<TypePointer> TypeOfSqlName(const std::string& name) {
  std::string base = name;
  std::vector<int> numbers;
  const size_t open = name.find('(');
  if (open != std::string::npos) {
    const size_t close = name.find(')', open);
    const char* at = name.data() + open;
    while (at < name.data() + close) {
      int number = 0;
      auto [end, error] = std::from_chars(at + 1, name.data() + close, number);
      if (error != std::errc()) return InvalidInput("'", name, "' is no type");
      numbers.push_back(number);
      at = end;
    }
    base = name.substr(0, open) + name.substr(close + 1);
  }
  if (base == "decimal" || base == "numeric") return Decimal(numbers);
  if (base == "timestamp" || base == "datetime") return Timestamp(numbers, false);
  if (base == "timestamp with time zone" || base == "timestamptz") return Timestamp(numbers, true);
  std::vector<std::string> names = {"decimal", "timestamp", "datetime"};
  for (const NamedType& known : NamedTypes()) {
    if (base == known.name) return known.type;
    names.emplace_back(known.name);
  }
  const std::string nearest = NearestName(base, names);
  return InvalidInput("Unsupported data type '", name, "'",
                      nearest.empty() ? "" : "; did you mean '" + nearest + "'?");
}

}  // namespace lancea
