#include "lancea/file/ordered_pages.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "arrow/util/thread_pool.h"

namespace lancea {
namespace {

PendingPage Page(uint64_t bytes, std::function<arrow::Status()> work = nullptr) {
  PendingPage page;
  page.bytes = bytes;
  page.encode = [work = std::move(work)]() -> arrow::Result<std::vector<EncodedPage>> {
    if (work != nullptr) ARROW_RETURN_NOT_OK(work());
    return std::vector<EncodedPage>(1);
  };
  return page;
}

TEST(OrderedPages, AreWrittenInTheOrderTheyWereAdded) {
  auto pool = arrow::internal::ThreadPool::Make(4).ValueOrDie();
  std::vector<int> written;
  OrderedPages pages(pool.get(), 10, [&](int column, EncodedPage) {
    written.push_back(column);
    return arrow::Status::OK();
  });
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(pages
                    .Add(i, Page(1,
                                 [i] {
                                   std::this_thread::sleep_for(
                                       std::chrono::microseconds(i * 37 % 900));
                                   return arrow::Status::OK();
                                 }))
                    .ok());
  }
  ASSERT_TRUE(pages.Drain().ok());
  ASSERT_EQ(written.size(), 50u);
  EXPECT_TRUE(std::is_sorted(written.begin(), written.end()));
}

TEST(OrderedPages, GetOnWhenTheExecutorIsBusyForever) {
  auto pool = arrow::internal::ThreadPool::Make(1).ValueOrDie();
  std::mutex mutex;
  mutex.lock();
  ASSERT_TRUE(pool->Spawn([&] { std::lock_guard lock(mutex); }).ok());
  {
    int written = 0;
    OrderedPages pages(pool.get(), 2, [&](int, EncodedPage) {
      ++written;
      return arrow::Status::OK();
    });
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(pages.Add(0, Page(1)).ok());
    ASSERT_TRUE(pages.Drain().ok());
    EXPECT_EQ(written, 10);
  }
  mutex.unlock();
  ASSERT_TRUE(pool->Shutdown().ok());
}

TEST(OrderedPages, HoldNoMoreThanTheBound) {
  auto pool = arrow::internal::ThreadPool::Make(2).ValueOrDie();
  std::atomic<int> begun{0};
  int written = 0;
  OrderedPages pages(pool.get(), 30, [&](int, EncodedPage) {
    ++written;
    return arrow::Status::OK();
  });
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(pages
                    .Add(0, Page(10,
                                 [&] {
                                   ++begun;
                                   return arrow::Status::OK();
                                 }))
                    .ok());
    EXPECT_LE(i + 1 - written, 3);
  }
}

TEST(OrderedPages, StopAtTheFirstErrorInOrder) {
  std::vector<int> written;
  auto pool = arrow::internal::ThreadPool::Make(2).ValueOrDie();
  OrderedPages pages(pool.get(), 1000, [&](int column, EncodedPage) {
    written.push_back(column);
    return arrow::Status::OK();
  });
  arrow::Status status;
  for (int i = 0; i < 5 && status.ok(); ++i) {
    status = pages.Add(i, Page(1, [i] {
                         return i == 2 ? arrow::Status::Invalid("page 2") : arrow::Status::OK();
                       }));
  }
  if (status.ok()) status = pages.Drain();
  EXPECT_EQ(status.message(), "page 2");
  EXPECT_EQ(written, (std::vector<int>{0, 1}));
}

}  // namespace
}  // namespace lancea
