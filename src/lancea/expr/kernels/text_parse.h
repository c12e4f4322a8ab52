// Text as numbers, truth values, dates and times, as casts read it, and the text of floats.
//
//   numbers      12  -3  +4  1e3  inf  NaN          no blanks around
//   booleans     true t yes y on 1, false f no n off 0, in any case, blanks around ignored
//   dates        2020-01-31, 2020-1-5, or a timestamp
//   timestamps   2020-01-31[(T| )12:34[:56[.123456789]]][ ](Z|+02:00|-0800)
//   times        12:34[:56[.123456789]]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lancea {

std::optional<int64_t> ParseInt64(std::string_view text);
std::optional<uint64_t> ParseUint64(std::string_view text);
std::optional<double> ParseDouble(std::string_view text);
std::optional<bool> ParseBoolean(std::string_view text);

/// Days since 1970-01-01.
std::optional<int32_t> ParseDate(std::string_view text);

/// A moment; without a zone in the text, the local one.
struct ParsedTimestamp {
  int64_t seconds = 0;  ///< since 1970-01-01
  int32_t nanoseconds = 0;
  bool has_zone = false;  ///< seconds are UTC
};
std::optional<ParsedTimestamp> ParseTimestamp(std::string_view text);

/// Nanoseconds since midnight.
std::optional<int64_t> ParseTime(std::string_view text);

/// Days of a date in the civil calendar, and back.
int64_t DaysFromCivil(int64_t year, unsigned month, unsigned day);
struct CivilDate {
  int64_t year;
  unsigned month;
  unsigned day;
};
CivilDate CivilFromDays(int64_t days);
unsigned DaysInMonth(int64_t year, unsigned month);

/// The shortest text that reads back equal: "1.5", "-0.0", "1e16", "NaN", "inf".
std::string FloatText(double number);
std::string FloatText(float number);

/// "2020-01-31"
std::string DateText(int64_t days);
/// "01:02:03", with as many digits of a second as there are other than zero, by threes.
std::string TimeText(int64_t nanoseconds);

}  // namespace lancea
