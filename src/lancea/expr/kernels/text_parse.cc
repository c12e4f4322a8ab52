#include "lancea/expr/kernels/text_parse.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <limits>

namespace lancea {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;
constexpr int64_t kNanosPerSecond = 1'000'000'000;

bool EqualLower(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

template <typename T>
std::optional<T> ParseWhole(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  T number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Reads pieces of a text from its front.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool empty() const { return text_.empty(); }
  char front() const { return text_.empty() ? '\0' : text_.front(); }
  bool Take(char c) {
    if (front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Between `least` and `most` digits.
  std::optional<int> Digits(size_t least, size_t most) {
    int number = 0;
    size_t count = 0;
    while (count < most && front() >= '0' && front() <= '9') {
      number = number * 10 + (front() - '0');
      text_.remove_prefix(1);
      ++count;
    }
    if (count < least) return std::nullopt;
    return number;
  }
  // Digits behind a point, as nanoseconds.
  std::optional<int32_t> Fraction() {
    int32_t nanoseconds = 0;
    int count = 0;
    while (front() >= '0' && front() <= '9') {
      if (count < 9) nanoseconds = nanoseconds * 10 + (front() - '0');
      ++count;
      text_.remove_prefix(1);
    }
    if (count == 0) return std::nullopt;
    for (int i = count; i < 9; ++i) nanoseconds *= 10;
    return nanoseconds;
  }
  std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
};

std::optional<int64_t> TakeDate(Reader* reader) {
  const bool negative = reader->Take('-');
  const bool signed_year = negative || reader->Take('+');
  const auto year = reader->Digits(4, signed_year ? 6 : 4);
  if (!year || !reader->Take('-')) return std::nullopt;
  const auto month = reader->Digits(1, 2);
  if (!month || !reader->Take('-')) return std::nullopt;
  const auto day = reader->Digits(1, 2);
  if (!day || *month < 1 || *month > 12 || *day < 1) return std::nullopt;
  const int64_t signed_value = negative ? -*year : *year;
  if (static_cast<unsigned>(*day) > DaysInMonth(signed_value, static_cast<unsigned>(*month))) {
    return std::nullopt;
  }
  return DaysFromCivil(signed_value, static_cast<unsigned>(*month), static_cast<unsigned>(*day));
}

struct Clock {
  int64_t seconds;
  int32_t nanoseconds;
};

std::optional<Clock> TakeClock(Reader* reader) {
  const auto hour = reader->Digits(1, 2);
  if (!hour || *hour > 23 || !reader->Take(':')) return std::nullopt;
  const auto minute = reader->Digits(2, 2);
  if (!minute || *minute > 59) return std::nullopt;
  Clock out{*hour * 3'600 + *minute * 60, 0};
  if (!reader->Take(':')) return out;
  const auto second = reader->Digits(2, 2);
  if (!second || *second > 59) return std::nullopt;
  out.seconds += *second;
  if (reader->Take('.')) {
    const auto fraction = reader->Fraction();
    if (!fraction) return std::nullopt;
    out.nanoseconds = *fraction;
  }
  return out;
}

// Seconds east of Greenwich.
std::optional<int64_t> TakeOffset(Reader* reader) {
  if (reader->Take('Z') || reader->Take('z')) return 0;
  if (EqualLower(reader->rest(), "utc") || EqualLower(reader->rest(), "gmt")) {
    while (reader->Take(reader->front()) && !reader->empty()) {
    }
    return 0;
  }
  const bool west = reader->front() == '-';
  if (!reader->Take('+') && !reader->Take('-')) return std::nullopt;
  const auto hours = reader->Digits(2, 2);
  if (!hours || *hours > 23) return std::nullopt;
  int minutes = 0;
  if (!reader->empty()) {
    reader->Take(':');
    const auto digits = reader->Digits(2, 2);
    if (!digits || *digits > 59) return std::nullopt;
    minutes = *digits;
  }
  const int64_t offset = *hours * 3'600 + minutes * 60;
  return west ? -offset : offset;
}

template <typename T>
std::string TextOfFloat(T number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  std::array<char, 64> buffer;
  const T magnitude = std::abs(number);
  // As the reference prints: plain from 1e-5 up to 1e16.
  const bool plain = magnitude == 0 || (magnitude >= T(1e-5) && magnitude < T(1e16));
  auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                    plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(buffer.data(), end);
  if (plain) {
    if (text.find('.') == std::string::npos) text += ".0";
    return text;
  }
  // "1e+16" -> "1e16", "1e-07" -> "1e-7"
  const size_t at = text.find('e');
  std::string exponent = text.substr(at + 1);
  const bool negative = exponent[0] == '-';
  exponent.erase(0, 1);
  exponent.erase(0, std::min(exponent.find_first_not_of('0'), exponent.size() - 1));
  return text.substr(0, at) + (negative ? "e-" : "e") + exponent;
}

}  // namespace

std::optional<int64_t> ParseInt64(std::string_view text) { return ParseWhole<int64_t>(text); }
std::optional<uint64_t> ParseUint64(std::string_view text) { return ParseWhole<uint64_t>(text); }

std::optional<double> ParseDouble(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // Too large or too small to hold: infinity or zero, as the digits round.
    const size_t exponent = text.find_first_of("eE");
    const bool tiny =
        exponent != std::string_view::npos && text.substr(exponent + 1).starts_with('-');
    const double magnitude = tiny ? 0.0 : std::numeric_limits<double>::infinity();
    return text.starts_with('-') ? -magnitude : magnitude;
  }
  if (error != std::errc()) return std::nullopt;
  return number;
}

std::optional<bool> ParseBoolean(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  for (std::string_view word : {"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"}) {
    if (EqualLower(text, word)) return true;
  }
  for (std::string_view word : {"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"}) {
    if (EqualLower(text, word)) return false;
  }
  return std::nullopt;
}

std::optional<int32_t> ParseDate(std::string_view text) {
  Reader reader(text);
  auto days = TakeDate(&reader);
  if (!days) return std::nullopt;
  if (!reader.empty()) {
    const auto timestamp = ParseTimestamp(text);
    if (!timestamp) return std::nullopt;
    const int64_t seconds = timestamp->seconds;
    days = seconds / kSecondsPerDay - (seconds % kSecondsPerDay < 0 ? 1 : 0);
  }
  return static_cast<int32_t>(*days);
}

std::optional<ParsedTimestamp> ParseTimestamp(std::string_view text) {
  Reader reader(text);
  const auto days = TakeDate(&reader);
  if (!days) return std::nullopt;
  ParsedTimestamp out{*days * kSecondsPerDay, 0, false};
  if (reader.empty()) return out;
  if (!reader.Take('T') && !reader.Take('t') && !reader.Take(' ')) return std::nullopt;
  const auto clock = TakeClock(&reader);
  if (!clock) return std::nullopt;
  out.seconds += clock->seconds;
  out.nanoseconds = clock->nanoseconds;
  if (reader.empty()) return out;
  reader.Take(' ');
  const auto offset = TakeOffset(&reader);
  if (!offset || !reader.empty()) return std::nullopt;
  out.seconds -= *offset;
  out.has_zone = true;
  return out;
}

std::optional<int64_t> ParseTime(std::string_view text) {
  Reader reader(text);
  const auto clock = TakeClock(&reader);
  if (!clock || !reader.empty()) return std::nullopt;
  return clock->seconds * kNanosPerSecond + clock->nanoseconds;
}

// Years begin in March here, so that the leap day is the last of its year; 400 years are an era of
// 146097 days.
int64_t DaysFromCivil(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + static_cast<int64_t>(day_of_era) - 719'468;
}

CivilDate CivilFromDays(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146'097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted = (5 * day_of_year + 2) / 153;
  const unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month,
          day_of_year - (153 * shifted + 2) / 5 + 1};
}

unsigned DaysInMonth(int64_t year, unsigned month) {
  constexpr std::array<unsigned, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

std::string FloatText(double number) { return TextOfFloat(number); }
std::string FloatText(float number) { return TextOfFloat(number); }

std::string DateText(int64_t days) {
  const CivilDate date = CivilFromDays(days);
  char buffer[48];
  const bool plain = date.year >= 0 && date.year <= 9'999;
  std::snprintf(buffer, sizeof(buffer), plain ? "%04lld-%02u-%02u" : "%+05lld-%02u-%02u",
                static_cast<long long>(date.year), date.month, date.day);
  return buffer;
}

std::string TimeText(int64_t nanoseconds) {
  const int64_t seconds = nanoseconds / kNanosPerSecond;
  const auto fraction = static_cast<int>(nanoseconds % kNanosPerSecond);
  char buffer[48];
  int size =
      std::snprintf(buffer, sizeof(buffer), "%02d:%02d:%02d", static_cast<int>(seconds / 3'600),
                    static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  std::string out(buffer, static_cast<size_t>(size));
  if (fraction == 0) return out;
  const int digits = fraction % 1'000'000 == 0 ? 3 : fraction % 1'000 == 0 ? 6 : 9;
  const int divisor = digits == 3 ? 1'000'000 : digits == 6 ? 1'000 : 1;
  size = std::snprintf(buffer, sizeof(buffer), ".%0*d", digits, fraction / divisor);
  return out.append(buffer, static_cast<size_t>(size));
}

}  // namespace lancea
