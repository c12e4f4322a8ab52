// Parts of dates and timestamps, their beginnings, and steps by intervals.
//
// Arguments are without a zone: what has one is turned into local time before. Parts:
//   year quarter month week(ISO) day doy dow(0 = Sunday) isodow(1 = Monday) isoyear
//   hour minute second millisecond microsecond nanosecond   the last three with the seconds in them
//   epoch    seconds since 1970, a double
#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "arrow/array/builder_primitive.h"
#include "arrow/array/builder_time.h"
#include "arrow/compute/registry.h"
#include "lancea/expr/kernels/register.h"
#include "lancea/expr/kernels/scalar_function.h"
#include "lancea/expr/kernels/text_parse.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

using arrow::compute::ExecResult;
using arrow::compute::ExecSpan;
using arrow::compute::ExecValue;
using arrow::compute::KernelContext;

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kSecondsPerDay = 86'400;

int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

int64_t TicksPerSecond(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DATE64) return 1'000;
  const auto unit = type.id() == arrow::Type::TIMESTAMP
                        ? static_cast<const arrow::TimestampType&>(type).unit()
                        : static_cast<const arrow::TimeType&>(type).unit();
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1;
    case arrow::TimeUnit::MILLI:
      return 1'000;
    case arrow::TimeUnit::MICRO:
      return 1'000'000;
    default:
      return kNanosPerSecond;
  }
}

// A moment as days and nanoseconds of the day.
struct Moment {
  int64_t days;
  int64_t nanoseconds;
};

// date32, date64, timestamp, time32 or time64.
class MomentArgument {
 public:
  explicit MomentArgument(const ExecValue& value)
      : narrow_(value.type()->id() == arrow::Type::DATE32 ||
                value.type()->id() == arrow::Type::TIME32),
        is_date_(value.type()->id() == arrow::Type::DATE32),
        per_second_(is_date_ ? 1 : TicksPerSecond(*value.type())) {
    if (narrow_) {
      narrow_numbers_.emplace_back(value);
    } else {
      numbers_.emplace_back(value);
    }
  }
  bool valid(int64_t row) const {
    return narrow_ ? narrow_numbers_[0].valid(row) : numbers_[0].valid(row);
  }
  int64_t ticks(int64_t row) const { return narrow_ ? narrow_numbers_[0][row] : numbers_[0][row]; }
  Moment operator[](int64_t row) const {
    const int64_t number = ticks(row);
    if (is_date_) return {number, 0};
    const int64_t per_day = per_second_ * kSecondsPerDay;
    const int64_t days = FloorDivide(number, per_day);
    return {days, (number - days * per_day) * (kNanosPerSecond / per_second_)};
  }

 private:
  bool narrow_;
  bool is_date_;
  int64_t per_second_;
  std::vector<NumberArgument<int32_t>> narrow_numbers_;
  std::vector<NumberArgument<int64_t>> numbers_;
};

int64_t IsoWeekday(int64_t days) { return (days % 7 + 7 + 3) % 7 + 1; }  // day 0 was a Thursday

struct IsoWeek {
  int64_t year;
  int64_t week;
};

IsoWeek IsoWeekOf(int64_t days) {
  // The week belongs to the year of its Thursday.
  const int64_t thursday = days - IsoWeekday(days) + 4;
  const int64_t year = CivilFromDays(thursday).year;
  return {year, (thursday - DaysFromCivil(year, 1, 1)) / 7 + 1};
}

using Part = int64_t (*)(const Moment&);

int64_t Second(const Moment& moment) { return moment.nanoseconds / kNanosPerSecond % 60; }

struct NamedPart {
  const char* name;
  Part part;
};

constexpr NamedPart kParts[] = {
    {"year", [](const Moment& m) { return CivilFromDays(m.days).year; }},
    {"isoyear", [](const Moment& m) { return IsoWeekOf(m.days).year; }},
    {"quarter", [](const Moment& m) { return int64_t{CivilFromDays(m.days).month - 1} / 3 + 1; }},
    {"month", [](const Moment& m) { return int64_t{CivilFromDays(m.days).month}; }},
    {"week", [](const Moment& m) { return IsoWeekOf(m.days).week; }},
    {"day", [](const Moment& m) { return int64_t{CivilFromDays(m.days).day}; }},
    {"doy",
     [](const Moment& m) { return m.days - DaysFromCivil(CivilFromDays(m.days).year, 1, 1) + 1; }},
    {"dow", [](const Moment& m) { return IsoWeekday(m.days) % 7; }},
    {"isodow", [](const Moment& m) { return IsoWeekday(m.days); }},
    {"hour", [](const Moment& m) { return m.nanoseconds / (3'600 * kNanosPerSecond); }},
    {"minute", [](const Moment& m) { return m.nanoseconds / (60 * kNanosPerSecond) % 60; }},
    {"second", Second},
    {"millisecond",
     [](const Moment& m) { return m.nanoseconds % (60 * kNanosPerSecond) / 1'000'000; }},
    {"microsecond", [](const Moment& m) { return m.nanoseconds % (60 * kNanosPerSecond) / 1'000; }},
    {"nanosecond", [](const Moment& m) { return m.nanoseconds % (60 * kNanosPerSecond); }},
};

template <size_t index>
arrow::Status RunPart(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const MomentArgument moments(batch[0]);
  auto run = [&](auto builder) {
    using T = typename decltype(builder)::value_type;
    ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
    for (int64_t row = 0; row < batch.length; ++row) {
      if (moments.valid(row)) {
        builder.UnsafeAppend(static_cast<T>(kParts[index].part(moments[row])));
      } else {
        builder.UnsafeAppendNull();
      }
    }
    return FinishInto(&builder, out);
  };
  // Nanoseconds of a minute do not fit in 32 bits.
  if constexpr (std::string_view(kParts[index].name) == "nanosecond") {
    return run(arrow::Int64Builder(context->memory_pool()));
  } else {
    return run(arrow::Int32Builder(context->memory_pool()));
  }
}

arrow::Status RunEpoch(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const MomentArgument moments(batch[0]);
  const bool is_date = batch[0].type()->id() == arrow::Type::DATE32;
  const double per_second = is_date ? 1.0 / static_cast<double>(kSecondsPerDay)
                                    : static_cast<double>(TicksPerSecond(*batch[0].type()));
  arrow::DoubleBuilder builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (moments.valid(row)) {
      builder.UnsafeAppend(static_cast<double>(moments.ticks(row)) / per_second);
    } else {
      builder.UnsafeAppendNull();
    }
  }
  return FinishInto(&builder, out);
}

// The beginning of the unit a moment lies in. Units below a day by their nanoseconds, others by name.
enum class Unit { kNanoseconds, kDay, kWeek, kMonth, kQuarter, kYear };

struct NamedUnit {
  std::string_view name;
  Unit unit;
  int64_t nanoseconds;
};

constexpr NamedUnit kUnits[] = {
    {"year", Unit::kYear, 0},
    {"quarter", Unit::kQuarter, 0},
    {"month", Unit::kMonth, 0},
    {"week", Unit::kWeek, 0},
    {"day", Unit::kDay, 0},
    {"hour", Unit::kNanoseconds, 3'600 * kNanosPerSecond},
    {"minute", Unit::kNanoseconds, 60 * kNanosPerSecond},
    {"second", Unit::kNanoseconds, kNanosPerSecond},
    {"millisecond", Unit::kNanoseconds, 1'000'000},
    {"microsecond", Unit::kNanoseconds, 1'000},
};

Moment Truncate(const Moment& moment, const NamedUnit& unit) {
  const CivilDate date = CivilFromDays(moment.days);
  switch (unit.unit) {
    case Unit::kNanoseconds:
      return {moment.days, moment.nanoseconds - moment.nanoseconds % unit.nanoseconds};
    case Unit::kDay:
      return {moment.days, 0};
    case Unit::kWeek:
      return {moment.days - IsoWeekday(moment.days) + 1, 0};
    case Unit::kMonth:
      return {DaysFromCivil(date.year, date.month, 1), 0};
    case Unit::kQuarter:
      return {DaysFromCivil(date.year, (date.month - 1) / 3 * 3 + 1, 1), 0};
    case Unit::kYear:
      return {DaysFromCivil(date.year, 1, 1), 0};
  }
  return moment;
}

int64_t TicksOf(const Moment& moment, int64_t per_second) {
  return moment.days * kSecondsPerDay * per_second +
         moment.nanoseconds / (kNanosPerSecond / per_second);
}

// date_trunc(unit, timestamp)
arrow::Status RunTruncate(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const TextArgument name(batch[0]);
  const MomentArgument moments(batch[1]);
  const int64_t per_second = TicksPerSecond(*batch[1].type());
  arrow::TimestampBuilder builder(batch[1].type()->GetSharedPtr(), context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(batch.length));
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!name.valid(row) || !moments.valid(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                    [&](const auto& known) { return known.name == name[row]; });
    if (unit == std::end(kUnits)) {
      return InvalidInput("date_trunc does not know the unit '", name[row], "'");
    }
    builder.UnsafeAppend(TicksOf(Truncate(moments[row], *unit), per_second));
  }
  return FinishInto(&builder, out);
}

arrow::Result<Moment> Step(Moment moment, const arrow::MonthDayNanoIntervalType::MonthDayNanos& by,
                           int sign) {
  if (by.months != 0) {
    const CivilDate date = CivilFromDays(moment.days);
    const int64_t months = date.year * 12 + date.month - 1 + int64_t{sign} * by.months;
    const int64_t year = FloorDivide(months, 12);
    const auto month = static_cast<unsigned>(months - year * 12 + 1);
    moment.days = DaysFromCivil(year, month, std::min(date.day, DaysInMonth(year, month)));
  }
  moment.days += int64_t{sign} * by.days;
  int64_t nanoseconds = 0;
  const int64_t step = sign < 0 ? -by.nanoseconds : by.nanoseconds;
  if (__builtin_add_overflow(moment.nanoseconds, step, &nanoseconds)) {
    return InvalidInput("a timestamp plus an interval is out of range");
  }
  const int64_t days = FloorDivide(nanoseconds, kSecondsPerDay * kNanosPerSecond);
  moment.days += days;
  moment.nanoseconds = nanoseconds - days * kSecondsPerDay * kNanosPerSecond;
  return moment;
}

// date32 or timestamp, plus or minus month_day_nano_interval
template <int sign>
arrow::Status RunStep(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  using Interval = arrow::MonthDayNanoIntervalType::MonthDayNanos;
  const MomentArgument moments(batch[0]);
  const NumberArgument<Interval> steps(batch[1]);
  const bool is_date = batch[0].type()->id() == arrow::Type::DATE32;
  const int64_t per_second = is_date ? 1 : TicksPerSecond(*batch[0].type());
  auto run = [&](auto builder, auto append) -> arrow::Status {
    for (int64_t row = 0; row < batch.length; ++row) {
      if (!moments.valid(row) || !steps.valid(row)) {
        ARROW_RETURN_NOT_OK(builder.AppendNull());
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(Moment moment, Step(moments[row], steps[row], sign));
      ARROW_RETURN_NOT_OK(append(builder, moment));
    }
    return FinishInto(&builder, out);
  };
  if (is_date) {
    return run(arrow::Date32Builder(context->memory_pool()), [](auto& builder, const Moment& m) {
      return builder.Append(static_cast<int32_t>(m.days));
    });
  }
  return run(
      arrow::TimestampBuilder(batch[0].type()->GetSharedPtr(), context->memory_pool()),
      [&](auto& builder, const Moment& m) { return builder.Append(TicksOf(m, per_second)); });
}

// make_date(year, month, day), all int64
arrow::Status RunMakeDate(KernelContext* context, const ExecSpan& batch, ExecResult* out) {
  const NumberArgument<int64_t> year(batch[0]), month(batch[1]), day(batch[2]);
  arrow::Date32Builder builder(context->memory_pool());
  for (int64_t row = 0; row < batch.length; ++row) {
    if (!year.valid(row) || !month.valid(row) || !day.valid(row)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    if (year[row] < -9'999 || year[row] > 9'999) {
      return InvalidInput("Year value '", year[row], "' is out of range");
    }
    if (month[row] < 1 || month[row] > 12) {
      return InvalidInput("Month value '", month[row], "' is out of range");
    }
    if (day[row] < 1 || day[row] > DaysInMonth(year[row], static_cast<unsigned>(month[row]))) {
      return InvalidInput("Day value '", day[row], "' is out of range");
    }
    ARROW_RETURN_NOT_OK(builder.Append(static_cast<int32_t>(DaysFromCivil(
        year[row], static_cast<unsigned>(month[row]), static_cast<unsigned>(day[row])))));
  }
  return FinishInto(&builder, out);
}

template <size_t... index>
arrow::Status AddParts(arrow::compute::FunctionRegistry* registry, std::index_sequence<index...>) {
  arrow::Status status;
  auto add = [&](const char* name, arrow::compute::ArrayKernelExec run) {
    const bool wide = std::string_view(name) == "nanosecond";
    return AddFunction(registry, {.name = std::string("lancea_part_") + name,
                                  .type = Always(wide ? arrow::int64() : arrow::int32()),
                                  .run = run});
  };
  ((status = status & add(kParts[index].name, RunPart<index>)), ...);
  return status;
}

}  // namespace

arrow::Status AddDates(arrow::compute::FunctionRegistry* registry) {
  ARROW_RETURN_NOT_OK(AddParts(registry, std::make_index_sequence<std::size(kParts)>()));
  const RowFunction functions[] = {
      {.name = "lancea_part_epoch", .type = Always(arrow::float64()), .run = RunEpoch},
      {.name = "lancea_date_trunc", .type = SameAs(1), .run = RunTruncate, .num_arguments = 2},
      {.name = "lancea_add_interval", .type = SameAs(0), .run = RunStep<1>, .num_arguments = 2},
      {.name = "lancea_subtract_interval",
       .type = SameAs(0),
       .run = RunStep<-1>,
       .num_arguments = 2},
      {.name = "lancea_make_date",
       .type = Always(arrow::date32()),
       .run = RunMakeDate,
       .num_arguments = 3},
  };
  for (const RowFunction& function : functions) {
    ARROW_RETURN_NOT_OK(AddFunction(registry, function));
  }
  return arrow::Status::OK();
}

}  // namespace lancea
