// Functions of dates and timestamps.
#include <chrono>

#include "lancea/expr/operations.h"
#include "lancea/expr/sql_functions.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

int64_t NanosecondsNow() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

arrow::Result<std::string> ConstantName(const Typed& value, const char* function) {
  if (value.literal() == nullptr || !value.literal()->is_valid || !IsText(*value.type)) {
    return InvalidInput("the first argument of ", function, " must be a string literal");
  }
  std::string name(static_cast<const arrow::BaseBinaryScalar&>(*value.literal()).view());
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  // "years" is "year", but "dow" stays.
  if (name.size() > 4 && name.ends_with('s')) name.pop_back();
  return name;
}

// Without its zone, as clocks there showed it.
arrow::Result<Typed> Local(Typed value, std::string_view function) {
  if (IsText(*value.type)) {
    return CastTo(std::move(value), arrow::timestamp(arrow::TimeUnit::NANO));
  }
  if (!arrow::is_temporal(value.type->id()) || value.type->id() == arrow::Type::DURATION) {
    return DoesNotTake(function, value);
  }
  if (value.type->id() != arrow::Type::TIMESTAMP) return value;
  const auto& type = static_cast<const arrow::TimestampType&>(*value.type);
  if (type.timezone().empty()) return value;
  const TypePointer local = arrow::timestamp(type.unit());
  if (type.timezone() == "UTC") return CastTo(std::move(value), local);
  return CallOf("local_timestamp", {std::move(value)}, local);
}

arrow::Result<Typed> DatePart(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(std::string part, ConstantName(values[0], "date_part"));
  if (values[1].type->id() == arrow::Type::NA) return NullOf(arrow::int32());
  if (part == "epoch" && values[1].type->id() == arrow::Type::TIMESTAMP) {
    // The moment itself, whatever clocks showed.
    return CallOf("lancea_part_epoch", {std::move(values[1])}, arrow::float64());
  }
  ARROW_ASSIGN_OR_RAISE(Typed value, Local(std::move(values[1]), "date_part"));
  if (part == "epoch") return CallOf("lancea_part_epoch", {std::move(value)}, arrow::float64());
  static constexpr std::string_view kParts[] = {
      "year",   "isoyear", "quarter", "month",  "week",        "day",         "doy",       "dow",
      "isodow", "hour",    "minute",  "second", "millisecond", "microsecond", "nanosecond"};
  if (std::find(std::begin(kParts), std::end(kParts), part) == std::end(kParts)) {
    return InvalidInput("Date part '", part, "' not supported");
  }
  const TypePointer type = part == "nanosecond" ? arrow::int64() : arrow::int32();
  return CallOf("lancea_part_" + part, {std::move(value)}, type);
}

arrow::Result<Typed> DateTrunc(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(std::string unit, ConstantName(values[0], "date_trunc"));
  const TypePointer type = values[1].type;
  if (type->id() == arrow::Type::NA) return NullOf(arrow::timestamp(arrow::TimeUnit::NANO));
  ARROW_ASSIGN_OR_RAISE(Typed value, Local(std::move(values[1]), "date_trunc"));
  if (value.type->id() != arrow::Type::TIMESTAMP) {
    ARROW_ASSIGN_OR_RAISE(value, CastTo(std::move(value), arrow::timestamp(arrow::TimeUnit::NANO)));
  }
  const TypePointer local = value.type;
  ARROW_ASSIGN_OR_RAISE(
      value, CallOf("lancea_date_trunc", {TextOf(std::move(unit)), std::move(value)}, local));
  const bool zoned = type->id() == arrow::Type::TIMESTAMP && !type->Equals(*local);
  return zoned ? CastTo(std::move(value), type) : value;
}

arrow::Result<Typed> ToDate(TypedVector values) {
  return CastTo(std::move(values[0]), arrow::date32());
}

// Numbers count in the unit of the function, floats in seconds.
template <arrow::TimeUnit::type unit, arrow::TimeUnit::type number_unit>
arrow::Result<Typed> ToTimestamp(TypedVector values) {
  Typed value = std::move(values[0]);
  const TypePointer type = arrow::timestamp(unit);
  if (arrow::is_integer(value.type->id())) {
    ARROW_ASSIGN_OR_RAISE(value, CastTo(std::move(value), arrow::timestamp(number_unit)));
  } else if (value.type->id() == arrow::Type::TIMESTAMP) {
    ARROW_ASSIGN_OR_RAISE(
        value,
        CastTo(std::move(value),
               arrow::timestamp(static_cast<const arrow::TimestampType&>(*value.type).unit())));
  } else if (!IsText(*value.type) && !arrow::is_date(value.type->id()) &&
             value.type->id() != arrow::Type::NA) {
    return DoesNotTake("to_timestamp", value);
  }
  return CastTo(std::move(value), type);
}

arrow::Result<Typed> ToUnixTime(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(Typed value,
                        CastTo(std::move(values[0]), arrow::timestamp(arrow::TimeUnit::SECOND)));
  return CastTo(std::move(value), arrow::int64());
}

arrow::Result<Typed> FromUnixTime(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(Typed value, IntegerArgumentOf(std::move(values[0]), "from_unixtime"));
  return CastTo(std::move(value), arrow::timestamp(arrow::TimeUnit::SECOND));
}

arrow::Result<Typed> MakeDate(TypedVector values) {
  for (Typed& value : values) {
    if (!IsText(*value.type)) {
      ARROW_ASSIGN_OR_RAISE(value, IntegerArgumentOf(std::move(value), "make_date"));
    }
    ARROW_ASSIGN_OR_RAISE(value, CastTo(std::move(value), arrow::int64()));
  }
  return CallOf("lancea_make_date", std::move(values), arrow::date32());
}

arrow::Result<Typed> Now(TypedVector) {
  return LiteralOf(std::make_shared<arrow::TimestampScalar>(
      NanosecondsNow(), arrow::timestamp(arrow::TimeUnit::NANO, "UTC")));
}

arrow::Result<Typed> CurrentDate(TypedVector values) {
  ARROW_ASSIGN_OR_RAISE(Typed now, Now(std::move(values)));
  return CastTo(std::move(now), arrow::date32());
}

using Unit = arrow::TimeUnit;
constexpr SqlFunction kFunctions[] = {
    {"date_part", 2, 2, DatePart},
    {"date_trunc", 2, 2, DateTrunc},
    {"to_date", 1, 1, ToDate},
    {"to_timestamp", 1, 1, ToTimestamp<Unit::NANO, Unit::SECOND>},
    {"to_timestamp_seconds", 1, 1, ToTimestamp<Unit::SECOND, Unit::SECOND>},
    {"to_timestamp_millis", 1, 1, ToTimestamp<Unit::MILLI, Unit::MILLI>},
    {"to_timestamp_micros", 1, 1, ToTimestamp<Unit::MICRO, Unit::MICRO>},
    {"to_timestamp_nanos", 1, 1, ToTimestamp<Unit::NANO, Unit::NANO>},
    {"to_unixtime", 1, 1, ToUnixTime},
    {"from_unixtime", 1, 1, FromUnixTime},
    {"make_date", 3, 3, MakeDate},
    {"now", 0, 0, Now},
    {"current_date", 0, 0, CurrentDate},
};

}  // namespace

std::span<const SqlFunction> DateFunctions() { return kFunctions; }

}  // namespace lancea
