#include "lancea/util/backoff.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace lancea {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesUpToTheLongest) {
  Backoff backoff({.first = 10ms, .longest = 70ms, .factor = 2, .jitter = 0});
  EXPECT_EQ(backoff.Next(), 10ms);
  EXPECT_EQ(backoff.Next(), 20ms);
  EXPECT_EQ(backoff.Next(), 40ms);
  EXPECT_EQ(backoff.Next(), 70ms);
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(backoff.Next(), 70ms);
}

TEST(Backoff, ShortensEachWaitByARandomPart) {
  Backoff backoff({.first = 100ms, .longest = 100ms, .jitter = 0.5}, /*seed=*/7);
  std::set<std::chrono::nanoseconds> seen;
  for (int i = 0; i < 200; ++i) {
    const auto wait = backoff.Next();
    EXPECT_GE(wait, 50ms);
    EXPECT_LE(wait, 100ms);
    seen.insert(wait);
  }
  EXPECT_GT(seen.size(), 190u);
  EXPECT_LT(*seen.begin(), 55ms);
  EXPECT_GT(*seen.rbegin(), 95ms);
}

TEST(Backoff, TwoWritersWaitDifferently) { EXPECT_NE(Backoff().Next(), Backoff().Next()); }

TEST(Backoff, WaitsAsLongAsItSays) {
  Backoff backoff({.first = 30ms, .jitter = 0});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(backoff.Wait().ok());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 30ms);
}

TEST(Backoff, AStopEndsTheWait) {
  arrow::StopSource source;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(10ms);
    source.RequestStop();
  });
  Backoff backoff({.first = 1h, .longest = 1h, .jitter = 0});
  EXPECT_TRUE(backoff.Wait(source.token()).IsCancelled());
}

}  // namespace
}  // namespace lancea
