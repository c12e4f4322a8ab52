#include "lancea/write/auto_cleanup.h"

#include <gtest/gtest.h>

#include "lancea/table/manifest_path.h"

namespace lancea {
namespace {

constexpr int64_t kDay = int64_t{24} * 3600 * 1000000000;
constexpr int64_t kNow = 1000 * kDay;

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
