#include "lancea/io/byte_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <random>
#include <thread>
#include <vector>

namespace lancea {
namespace {

using Ticket = ByteBudget::Ticket;
using std::chrono::milliseconds;

std::future<arrow::Result<Ticket>> AcquireLater(
    ByteBudget& budget, uint64_t bytes, uint64_t priority,
    arrow::StopToken stop = arrow::StopToken::Unstoppable()) {
  return std::async(std::launch::async, [&budget, bytes, priority, stop] {
    return budget.Acquire(bytes, priority, stop);
  });
}
// True once exactly `count` requests wait; false if that does not happen.
bool Waiting(const ByteBudget& budget, size_t count) {
  for (int i = 0; i < 1000 && budget.num_waiting() != count; ++i)
    std::this_thread::sleep_for(milliseconds(5));
  return budget.num_waiting() == count;
}

TEST(ByteBudget, AdmitsWhatFitsAndTakesBackWhatIsReleased) {
  ByteBudget budget(100);
  Ticket a = budget.Acquire(60, 0).ValueOrDie();
  Ticket b = budget.Acquire(40, 1).ValueOrDie();
  EXPECT_EQ(budget.used(), 100u);
  EXPECT_FALSE(budget.TryAcquire(1, 2).has_value());
  a.Release();
  a.Release();
  EXPECT_EQ(budget.used(), 40u);
  EXPECT_TRUE(budget.TryAcquire(60, 2).has_value());
  { Ticket moved = std::move(b); }
  EXPECT_EQ(budget.used(), 0u);
}

TEST(ByteBudget, AdmitsTheMostUrgentEvenWhenLargerThanTheLimit) {
  ByteBudget budget(100);
  EXPECT_EQ(budget.Acquire(1'000'000, 7).ValueOrDie().bytes(), 1'000'000u);
  Ticket later = budget.Acquire(100, 9).ValueOrDie();
  // Held by a later one, which may itself wait for this one to be consumed.
  EXPECT_TRUE(budget.TryAcquire(5000, 8).has_value());
  // Parts of one batch.
  EXPECT_TRUE(budget.TryAcquire(5000, 9).has_value());
  EXPECT_FALSE(budget.TryAcquire(1, 10).has_value());
}

TEST(ByteBudget, LimitOfZeroAdmitsOneAfterTheOther) {
  ByteBudget budget(0);
  Ticket first = budget.Acquire(10, 0).ValueOrDie();
  EXPECT_FALSE(budget.TryAcquire(10, 1).has_value());
  first.Release();
  EXPECT_TRUE(budget.TryAcquire(10, 1).has_value());
}

TEST(ByteBudget, WaitsUntilBytesComeBack) {
  ByteBudget budget(100);
  Ticket first = budget.Acquire(80, 0).ValueOrDie();
  auto second = AcquireLater(budget, 30, 1);
  EXPECT_TRUE(Waiting(budget, 1));
  first.Release();
  EXPECT_TRUE(second.get().ok());
}

TEST(ByteBudget, WaitsNoLongerOnceItIsTheMostUrgent) {
  ByteBudget budget(100);
  Ticket first = budget.Acquire(10, 0).ValueOrDie();
  Ticket third = budget.Acquire(90, 2).ValueOrDie();
  auto second = AcquireLater(budget, 500, 1);
  EXPECT_TRUE(Waiting(budget, 1));
  first.Release();
  EXPECT_TRUE(second.get().ok());
}

TEST(ByteBudget, ServesTheMoreUrgentFirstAndLetsNobodyPassIt) {
  ByteBudget budget(100);
  Ticket first = budget.Acquire(60, 0).ValueOrDie();
  auto large = AcquireLater(budget, 90, 1);
  EXPECT_TRUE(Waiting(budget, 1));
  auto small = AcquireLater(budget, 20, 2);  // would fit, but would starve `large`
  EXPECT_TRUE(Waiting(budget, 2));
  EXPECT_FALSE(budget.TryAcquire(20, 3).has_value());
  first.Release();
  auto ticket = large.get();
  ASSERT_TRUE(ticket.ok());
  EXPECT_TRUE(Waiting(budget, 1));
  ticket->Release();
  EXPECT_TRUE(small.get().ok());
}

TEST(ByteBudget, AnEstimateCanBeCorrected) {
  ByteBudget budget(100);
  Ticket first = budget.Acquire(100, 0).ValueOrDie();
  auto second = AcquireLater(budget, 30, 1);
  EXPECT_TRUE(Waiting(budget, 1));
  first.Resize(70);
  auto ticket = second.get();
  ASSERT_TRUE(ticket.ok());
  first.Resize(500);
  EXPECT_EQ(budget.used(), 530u);
  EXPECT_FALSE(budget.TryAcquire(0, 2).has_value());
  first.Release();
  EXPECT_EQ(budget.used(), 30u);
}

TEST(ByteBudget, HugeRequestsDoNotWrapTheSum) {
  ByteBudget budget(100);
  Ticket a = budget.Acquire(~uint64_t{0}, 0).ValueOrDie();
  Ticket b = budget.Acquire(~uint64_t{0}, 0).ValueOrDie();
  EXPECT_GT(budget.used(), budget.limit());
  EXPECT_FALSE(budget.TryAcquire(1, 1).has_value());
  a.Release();
  b.Release();
  EXPECT_EQ(budget.used(), 0u);
}

TEST(ByteBudget, AStopRequestEndsTheWaitAndLetsTheNextPass) {
  ByteBudget budget(100);
  Ticket first = budget.Acquire(60, 0).ValueOrDie();
  arrow::StopSource source;
  auto large = AcquireLater(budget, 90, 1, source.token());
  EXPECT_TRUE(Waiting(budget, 1));
  auto small = AcquireLater(budget, 20, 2);
  EXPECT_TRUE(Waiting(budget, 2));
  source.RequestStop();
  EXPECT_TRUE(large.get().status().IsCancelled());
  EXPECT_TRUE(small.get().ok());
  EXPECT_TRUE(budget.Acquire(1, 0, source.token()).status().IsCancelled());
}

TEST(ByteBudget, CloseEndsAllWaitsAndRefusesFromThenOn) {
  ByteBudget budget(100);
  Ticket first = budget.Acquire(100, 0).ValueOrDie();
  auto second = AcquireLater(budget, 1, 1);
  auto third = AcquireLater(budget, 1, 2);
  EXPECT_TRUE(Waiting(budget, 2));
  budget.Close();
  EXPECT_TRUE(second.get().status().IsCancelled());
  EXPECT_TRUE(third.get().status().IsCancelled());
  EXPECT_TRUE(budget.Acquire(1, 0).status().IsCancelled());
  EXPECT_FALSE(budget.TryAcquire(1, 0).has_value());
  first.Release();
  EXPECT_EQ(budget.used(), 0u);
}

// A scan in small: workers read ahead in any order, one consumer takes batches in order and only then
// gives their bytes back. Some batches are larger than everything.
TEST(ByteBudget, NeverStallsAConsumerInOrderWhateverTheSizes) {
  std::mt19937_64 random(4711);
  for (int round = 0; round < 20; ++round) {
    constexpr size_t kBatches = 60;
    constexpr size_t kWorkers = 6;
    const uint64_t limit = random() % 100;
    ByteBudget budget(limit);
    std::vector<uint64_t> sizes(kBatches);
    for (uint64_t& size : sizes) size = random() % 10 == 0 ? 1000 : random() % 50;
    std::vector<std::promise<Ticket>> batches(kBatches);
    std::atomic<size_t> next{0};
    std::vector<std::thread> workers;
    for (size_t w = 0; w < kWorkers; ++w) {
      workers.emplace_back([&] {
        for (size_t i = next++; i < kBatches; i = next++) {
          batches[i].set_value(budget.Acquire(sizes[i], i).ValueOrDie());
        }
      });
    }
    for (std::promise<Ticket>& batch : batches) {
      auto ready = batch.get_future();
      ASSERT_EQ(ready.wait_for(std::chrono::seconds(30)), std::future_status::ready);
      Ticket ticket = ready.get();
      // Each worker may come with what is more urgent than all that is held.
      EXPECT_LE(budget.used(), limit + kWorkers * 1000);
    }
    for (std::thread& worker : workers) worker.join();
    EXPECT_EQ(budget.used(), 0u);
  }
}

}  // namespace
}  // namespace lancea
