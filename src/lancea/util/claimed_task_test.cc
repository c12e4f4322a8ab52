#include "lancea/util/claimed_task.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace lancea {
namespace {

TEST(ClaimedTask, IsDoneOnceHoweverManyCome) {
  std::atomic<int> runs{0};
  ClaimedTask<int> task([&]() -> arrow::Result<int> { return ++runs; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { task.Run(); });
  EXPECT_EQ(task.Take().ValueOrDie(), 1);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(task.is_done());
}

TEST(ClaimedTask, TheOneWhoNeedsItDoesItWhenNobodyHas) {
  std::thread::id worker;
  ClaimedTask<int> task([&]() -> arrow::Result<int> {
    worker = std::this_thread::get_id();
    return 7;
  });
  EXPECT_EQ(task.Take().ValueOrDie(), 7);
  EXPECT_EQ(worker, std::this_thread::get_id());
}

TEST(ClaimedTask, AStopEndsTheWaitAndNotTheWork) {
  std::promise<void> begun, release;
  ClaimedTask<int> task([&]() -> arrow::Result<int> {
    begun.set_value();
    release.get_future().wait();
    return 1;
  });
  std::thread worker([&] { task.Run(); });
  begun.get_future().wait();
  arrow::StopSource source;
  source.RequestStop();
  EXPECT_TRUE(task.Take(source.token()).status().IsCancelled());
  EXPECT_FALSE(task.is_done());
  release.set_value();
  task.Abandon();
  EXPECT_TRUE(task.is_done());
  worker.join();
}

TEST(ClaimedTask, AbandonedWorkIsNeverBegunAndLetsGoOfWhatItHolds) {
  auto held = std::make_shared<int>(1);
  ClaimedTask<int> task([held]() -> arrow::Result<int> { return *held; });
  task.Abandon();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_TRUE(task.Take().status().IsCancelled());
}

}  // namespace
}  // namespace lancea
