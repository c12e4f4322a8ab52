#include "lancea/io/read_ranges.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "arrow/util/thread_pool.h"
#include "lancea/io/fake_reader_for_test.h"

namespace lancea {
namespace {

using Ranges = std::vector<ByteRange>;

void ExpectRightBytes(FakeReader& object, const Ranges& ranges, const ReadOptions& options) {
  auto read = ReadRanges(object, ranges, options);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), ranges.size());
  for (size_t i = 0; i < ranges.size(); ++i) {
    ASSERT_EQ((*read)[i]->ToString(), FakeBytes(ranges[i])) << ranges[i].offset;
  }
}

TEST(ReadRanges, GivesEachRangeItsBytesWhateverTheirOrderAndOverlap) {
  std::mt19937_64 random(99);
  for (int round = 0; round < 100; ++round) {
    FakeReader object(1000);
    Ranges ranges(random() % 15);
    for (ByteRange& range : ranges) {
      range.offset = random() % 1001;
      range.length = random() % (1001 - range.offset);
    }
    ReadOptions options;
    options.block_size = random() % 100;
    options.max_iop_size = 1 + random() % 300;
    ExpectRightBytes(object, ranges, options);
  }
}

TEST(ReadRanges, ReadsNothingForNothing) {
  FakeReader object(10);
  ExpectRightBytes(object, {}, {});
  EXPECT_TRUE(object.requests().empty());
}

TEST(ReadRanges, IssuesTheCoalescedReadsAndNoOther) {
  FakeReader object(100);
  ReadOptions options;
  options.block_size = 5;
  ExpectRightBytes(object, {{40, 10}, {0, 10}, {14, 6}}, options);
  EXPECT_EQ(object.requests(), (Ranges{{0, 20}, {40, 10}}));
}

TEST(ReadRanges, CountsRequestsBeforeAndReadsAfterCoalescing) {
  FakeReader object(100);
  IoCounters counters;
  ReadOptions options;
  options.block_size = 5;
  options.counters = &counters;
  ASSERT_TRUE(ReadRanges(object, Ranges{{0, 10}, {14, 6}, {40, 10}}, options).ok());
  const IoStatistics io = counters.Read();
  EXPECT_EQ(io.requests, 3u);
  EXPECT_EQ(io.iops, 2u);
  EXPECT_EQ(io.bytes_read, 30u);
}

TEST(ReadRanges, OfMemoryAreNotCoalescedAndStayOnTheCallersThread) {
  FakeReader object(100, /*is_memory=*/true);
  ExpectRightBytes(object, {{0, 10}, {10, 10}, {90, 10}}, {});
  EXPECT_EQ(object.requests().size(), 3u);
  for (std::thread::id thread : object.threads()) EXPECT_EQ(thread, std::this_thread::get_id());
}

TEST(ReadRanges, RejectARangePastTheEndBeforeReadingAnything) {
  const ByteRange kBad[] = {{101, 0},
                            {100, 1},
                            {0, 101},
                            {50, ~uint64_t{0}},
                            {~uint64_t{0}, 1},
                            {~uint64_t{0}, ~uint64_t{0}},
                            {uint64_t{1} << 63, uint64_t{1} << 63}};
  for (bool is_memory : {false, true}) {
    for (const ByteRange& bad : kBad) {
      FakeReader object(100, is_memory);
      const arrow::Status status = ReadRanges(object, Ranges{{0, 10}, bad}, {}).status();
      EXPECT_TRUE(status.IsIOError()) << status;
      EXPECT_NE(status.message().find("bucket/fake.lance"), std::string::npos) << status;
      EXPECT_TRUE(object.requests().empty());
    }
  }
}

TEST(ReadRanges, RejectAStoreThatGivesTooFewBytes) {
  for (const Ranges& ranges : {Ranges{{0, 10}}, Ranges{{0, 10}, {5000, 10}, {50000, 10}}}) {
    FakeReader object(100'000);
    object.bytes_missing = 1;
    const arrow::Status status = ReadRanges(object, ranges, {.block_size = 0}).status();
    EXPECT_TRUE(status.IsIOError()) << status;
    EXPECT_NE(status.message().find("bucket/fake.lance"), std::string::npos) << status;
  }
}

TEST(ReadRanges, ReturnTheErrorOfAnyOfManyReads) {
  for (uint64_t failing : {0, 5000, 10000, 35000}) {
    FakeReader object(100'000);
    object.before_read = [failing](ByteRange range) {
      return range.offset == failing ? arrow::Status::IOError("disk on fire") : arrow::Status::OK();
    };
    Ranges ranges;
    for (uint64_t i = 0; i < 8; ++i) ranges.push_back({i * 5000, 10});
    const arrow::Status status = ReadRanges(object, ranges, {.block_size = 0}).status();
    EXPECT_EQ(status.message(), "disk on fire");
  }
}

TEST(ReadRanges, SkipWhatHasNotBegunAfterAnError) {
  auto one_thread = arrow::internal::ThreadPool::Make(1).ValueOrDie();
  FakeReader object(1'000'000);
  object.before_read = [](ByteRange) { return arrow::Status::IOError("no"); };
  Ranges ranges;
  for (uint64_t i = 0; i < 100; ++i) ranges.push_back({i * 5000, 10});
  ReadOptions options{.block_size = 0};
  options.io_executor = one_thread.get();
  EXPECT_FALSE(ReadRanges(object, ranges, options).ok());
  EXPECT_LE(object.requests().size(), 2u);
}

TEST(ReadRanges, DoNotBeginOnceStopIsRequested) {
  arrow::StopSource source;
  source.RequestStop();
  ReadOptions options;
  options.stop_token = source.token();
  FakeReader object(100);
  EXPECT_TRUE(ReadRanges(object, Ranges{{0, 10}}, options).status().IsCancelled());
  EXPECT_TRUE(object.requests().empty());
}

TEST(ReadRanges, EndEarlyWhenStopIsRequestedInBetween) {
  arrow::StopSource source;
  auto pool = arrow::internal::ThreadPool::Make(2).ValueOrDie();
  FakeReader object(1'000'000);
  object.before_read = [&](ByteRange) {
    source.RequestStop();
    return arrow::Status::OK();
  };
  Ranges ranges;
  for (uint64_t i = 0; i < 100; ++i) ranges.push_back({i * 5000, 10});
  ReadOptions options{.block_size = 0};
  options.io_executor = pool.get();
  options.stop_token = source.token();
  EXPECT_TRUE(ReadRanges(object, ranges, options).status().IsCancelled());
  EXPECT_LE(object.requests().size(), 3u);
}

TEST(ReadRanges, UseSeveralThreadsWhenReadsAreSlow) {
  auto pool = arrow::internal::ThreadPool::Make(4).ValueOrDie();
  FakeReader object(1'000'000);
  object.delay = std::chrono::milliseconds(20);
  Ranges ranges;
  for (uint64_t i = 0; i < 8; ++i) ranges.push_back({i * 5000, 10});
  ReadOptions options{.block_size = 0};
  options.io_executor = pool.get();
  ExpectRightBytes(object, ranges, options);
  const auto threads = object.threads();
  EXPECT_GE(std::set(threads.begin(), threads.end()).size(), 2u);
}

TEST(ReadRanges, EndWhenCalledOnTheOnlyThreadOfTheirExecutor) {
  auto pool = arrow::internal::ThreadPool::Make(1).ValueOrDie();
  FakeReader object(100'000);
  ReadOptions options{.block_size = 0};
  options.io_executor = pool.get();
  auto future = pool->Submit([&]() -> arrow::Status {
    return ReadRanges(object, Ranges{{0, 10}, {5000, 10}, {20000, 10}}, options).status();
  });
  ASSERT_TRUE(future.ok());
  EXPECT_TRUE(future->status().ok());
}

TEST(ReadRanges, EndWhenTheExecutorRefuses) {
  auto pool = arrow::internal::ThreadPool::Make(1).ValueOrDie();
  ASSERT_TRUE(pool->Shutdown().ok());
  FakeReader object(100'000);
  ReadOptions options{.block_size = 0};
  options.io_executor = pool.get();
  ExpectRightBytes(object, {{0, 10}, {5000, 10}, {20000, 10}}, options);
}

}  // namespace
}  // namespace lancea
