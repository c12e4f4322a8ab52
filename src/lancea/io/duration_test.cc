#include "lancea/io/duration.h"

#include <gtest/gtest.h>

#include "lancea/error.h"

namespace lancea {
namespace {

TEST(Duration, IsNumbersWithUnits) {
  EXPECT_EQ(ParseDuration("200ms")->count(), 200);
  EXPECT_EQ(ParseDuration("5s")->count(), 5'000);
  EXPECT_EQ(ParseDuration(" 1m 30s ")->count(), 90'000);
  EXPECT_EQ(ParseDuration("2 minutes")->count(), 120'000);
  EXPECT_EQ(ParseDuration("1h2min3sec4ms")->count(), 3'723'004);
  EXPECT_EQ(ParseDuration("0s")->count(), 0);
}

TEST(Duration, IsNothingElse) {
  for (const char* bad : {"", " ", "5", "s", "5 parsecs", "-5s", "1.5s", "5s6", "99999999999s",
                          "4000000000d", "4000 days"}) {
    EXPECT_EQ(CategoryOf(ParseDuration(bad).status()), ErrorCategory::kInvalidInput) << bad;
  }
}

}  // namespace
}  // namespace lancea
