#include "lancea/io/duration.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <initializer_list>

#include "lancea/util/errors.h"

namespace lancea {
namespace {

using std::chrono::hours;
using std::chrono::nanoseconds;

struct Unit {
  nanoseconds length;
  std::initializer_list<std::string_view> names;
};

const Unit* FindUnit(std::string_view name) {
  static const Unit kUnits[] = {
      {nanoseconds(1), {"ns", "nsec", "nanos"}},
      {std::chrono::microseconds(1), {"us", "usec"}},
      {std::chrono::milliseconds(1), {"ms", "msec", "millis"}},
      {std::chrono::seconds(1), {"s", "sec", "secs", "second", "seconds"}},
      {std::chrono::minutes(1), {"m", "min", "mins", "minute", "minutes"}},
      {hours(1), {"h", "hr", "hrs", "hour", "hours"}},
      {hours(24), {"d", "day", "days"}},
      {hours(7 * 24), {"w", "wk", "wks", "week", "weeks"}},
      {std::chrono::seconds(2630016), {"M", "month", "months"}},
      {std::chrono::seconds(31557600), {"y", "yr", "yrs", "year", "years"}},
  };
  for (const Unit& unit : kUnits) {
    if (std::ranges::find(unit.names, name) != unit.names.end()) return &unit;
  }
  return nullptr;
}

}  // namespace

arrow::Result<nanoseconds> ParseDuration(std::string_view text) {
  const auto bad = [&] {
    return InvalidInput("\"", text, "\" is no length of time like \"30s\" or \"14days 2h\"");
  };
  auto skip = [](std::string_view& rest, auto&& is_skipped) {
    const auto end = std::ranges::find_if_not(rest, is_skipped);
    const std::string_view skipped = rest.substr(0, static_cast<size_t>(end - rest.begin()));
    rest.remove_prefix(skipped.size());
    return skipped;
  };
  const auto is_space = [](unsigned char c) { return std::isspace(c) != 0; };
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0; };

  int64_t total = 0;
  std::string_view rest = text;
  skip(rest, is_space);
  if (rest.empty()) return bad();
  while (!rest.empty()) {
    uint32_t number = 0;
    const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc()) return bad();
    rest.remove_prefix(static_cast<size_t>(stop - rest.data()));
    skip(rest, is_space);
    const Unit* unit = FindUnit(skip(rest, is_letter));
    skip(rest, is_space);
    if (unit == nullptr) return bad();
    int64_t nanos = 0;
    if (__builtin_mul_overflow(int64_t{number}, unit->length.count(), &nanos) ||
        __builtin_add_overflow(total, nanos, &total)) {
      return bad();
    }
  }
  return nanoseconds(total);
}

}  // namespace lancea
