#include "lancea/maintain/batches_ahead.h"

#include <gtest/gtest.h>

#include <atomic>

#include "arrow/array.h"
#include "arrow/type.h"

namespace lancea {
namespace {

BatchesAhead::Batch OfRows(int64_t rows) {
  return arrow::RecordBatch::Make(arrow::schema({}), rows, arrow::ArrayVector{});
}

TEST(BatchesAhead, ComeInOrder) {
  int64_t made = 0;
  BatchesAhead batches(arrow::internal::GetCpuThreadPool(), [&]() -> BatchesAhead::Batch {
    return made == 100 ? nullptr : OfRows(++made);
  });
  for (int64_t i = 1; i <= 100; ++i) EXPECT_EQ((*batches.Next())->num_rows(), i);
  EXPECT_EQ(*batches.Next(), nullptr);
}

TEST(BatchesAhead, AreNoMoreThanOneAhead) {
  std::atomic<int64_t> made = 0;
  BatchesAhead batches(arrow::internal::GetCpuThreadPool(),
                       [&]() -> BatchesAhead::Batch { return OfRows(++made); });
  for (int64_t taken = 1; taken <= 50; ++taken) {
    ASSERT_TRUE(batches.Next().ok());
    EXPECT_LE(made, taken + 1);
  }
}

TEST(BatchesAhead, AreMadeByTheCallerWhenThePoolIsBusy) {
  auto pool = *arrow::internal::ThreadPool::Make(1);
  std::mutex busy;
  busy.lock();
  ASSERT_TRUE(pool->Spawn([&] { std::lock_guard wait(busy); }).ok());
  int64_t made = 0;
  BatchesAhead batches(pool.get(), [&]() -> BatchesAhead::Batch { return OfRows(++made); });
  for (int64_t i = 1; i <= 3; ++i) EXPECT_EQ((*batches.Next())->num_rows(), i);
  busy.unlock();
}

TEST(BatchesAhead, EndWithTheirError) {
  int64_t made = 0;
  BatchesAhead batches(arrow::internal::GetCpuThreadPool(),
                       [&]() -> arrow::Result<BatchesAhead::Batch> {
                         if (++made == 2) return arrow::Status::IOError("no more");
                         return OfRows(made);
                       });
  EXPECT_TRUE(batches.Next().ok());
  EXPECT_TRUE(batches.Next().status().IsIOError());
}

}  // namespace
}  // namespace lancea
