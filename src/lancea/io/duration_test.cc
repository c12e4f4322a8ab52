#include "lancea/io/duration.h"

#include <gtest/gtest.h>

#include "lancea/error.h"

namespace lancea {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsNumbersWithUnits) {
  const std::pair<const char*, std::chrono::nanoseconds> cases[] = {
      {"200ms", 200ms},
      {"5s", 5s},
      {" 1m 30s ", 90s},
      {"2 minutes", 2min},
      {"1h2min3sec4ms", 3'723'004ms},
      {"0s", 0s},
      {"5ms 7us 9ns", 5'007'009ns},
      {"14days", 14 * 24h},
      {"1day 2h 3m 4s", 26h + 184s},
      {"1week", 7 * 24h},
      {"1M", 2'630'016s},
      {"2years", 2 * 31'557'600s},
  };
  for (const auto& [text, expected] : cases) {
    auto parsed = ParseDuration(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    EXPECT_EQ(*parsed, expected) << text;
  }
}

TEST(Duration, IsNothingElse) {
  for (const char* bad :
       {"", " ", "5", "14", "s", "days", "5 parsecs", "-5s", "1.5s", "5s6", "99999999999s",
        "4000000000d", "300years", "200years 200years", "99999999999999999999s"}) {
    EXPECT_EQ(CategoryOf(ParseDuration(bad).status()), ErrorCategory::kInvalidInput) << bad;
  }
}

}  // namespace
}  // namespace lancea
