#include "lancea/write/auto_cleanup.h"

#include <gtest/gtest.h>

#include "lancea/table/manifest_path.h"

namespace lancea {
namespace {

constexpr int64_t kSecond = 1000000000, kHour = 3600 * kSecond, kDay = 24 * kHour;
constexpr int64_t kNow = 1000 * kDay;

TEST(ParseAge, ReadsWhatTheReferenceWrites) {
  const std::pair<const char*, int64_t> cases[] = {
      {"14days", 14 * kDay},
      {"1day 2h 3m 4s", kDay + 2 * kHour + 184 * kSecond},
      {"2h30min", 2 * kHour + 1800 * kSecond},
      {"0s", 0},
      {"5ms 7us 9ns", 5007009},
      {"1week", 7 * kDay},
      {"1M", 2630016 * kSecond}};
  for (const auto& [text, nanos] : cases) {
    auto parsed = ParseAge(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    EXPECT_EQ(*parsed, nanos) << text;
  }
}

TEST(ParseAge, RefusesOtherText) {
  for (const char* text : {"", " ", "14", "days", "14 days", "-1s", "1.5h", "3parsecs",
                           "99999999999years", "99999999999999999999s"}) {
    EXPECT_FALSE(ParseAge(text).ok()) << text;
  }
}

Manifest At(uint64_t version, std::map<std::string, std::string> config) {
  Manifest manifest;
  manifest.version = version;
  for (auto& [key, value] : config) manifest.config["lance.auto_cleanup." + key] = value;
  return manifest;
}

TEST(AutoCleanup, IsDueEverySoManyVersions) {
  EXPECT_FALSE(AutoCleanupOf(At(20, {}), kNow)->has_value());
  EXPECT_FALSE(AutoCleanupOf(At(20, {{"older_than", "1s"}}), kNow)->has_value());
  EXPECT_FALSE(AutoCleanupOf(At(21, {{"interval", "20"}}), kNow)->has_value());
  EXPECT_TRUE(AutoCleanupOf(At(20, {{"interval", "20"}}), kNow)->has_value());
  EXPECT_TRUE(AutoCleanupOf(At(21, {{"interval", "0"}}), kNow)->has_value());
  EXPECT_FALSE(
      AutoCleanupOf(At(20 | kDetachedVersionMask, {{"interval", "1"}}), kNow)->has_value());
}

TEST(AutoCleanup, TakesItsOptionsFromTheConfig) {
  auto options = *AutoCleanupOf(At(4, {{"interval", "2"},
                                       {"older_than", "3days"},
                                       {"retain_versions", "5"},
                                       {"delete_rate_limit", "7"}}),
                                kNow);
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->before_timestamp_nanos, kNow - 3 * kDay);
  EXPECT_EQ(options->retain_versions, 5u);
  EXPECT_EQ(options->delete_rate_limit, 7u);
  EXPECT_FALSE(options->error_if_tagged_old_versions);
  EXPECT_FALSE(options->delete_unverified);
}

TEST(AutoCleanup, RefusesValuesThatMakeNoSense) {
  for (const char* key : {"older_than", "retain_versions", "delete_rate_limit"}) {
    EXPECT_FALSE(AutoCleanupOf(At(1, {{"interval", "1"}, {key, "soon"}}), kNow).ok()) << key;
  }
  EXPECT_FALSE(AutoCleanupOf(At(1, {{"interval", "-1"}}), kNow).ok());
}

}  // namespace
}  // namespace lancea
