#include "lancea/util/returning_pool.h"

#include <gtest/gtest.h>

#include <cstring>

#include "arrow/buffer.h"

namespace lancea {
namespace {

TEST(ReturningPool, BlocksKeepWhatTheyHoldWhileTheyGrowAndShrink) {
  arrow::MemoryPool* pool = ReturningPool();
  const int64_t before = pool->bytes_allocated();
  uint8_t* block = nullptr;
  int64_t size = 1000;
  ASSERT_TRUE(pool->Allocate(size, &block).ok());
  std::memset(block, 7, 1000);
  // Small to small, to mapped, mapped to mapped, and back.
  for (const int64_t next : {int64_t{9000}, int64_t{1} << 20, int64_t{40} << 20, int64_t{3} << 20,
                             int64_t{2000}, int64_t{1000}}) {
    ASSERT_TRUE(pool->Reallocate(size, next, &block).ok());
    size = next;
    EXPECT_EQ(pool->bytes_allocated() - before, size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0u);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(block[i], 7) << size;
    block[size - 1] = 7;
  }
  pool->Free(block, size);
  EXPECT_EQ(pool->bytes_allocated(), before);
}

TEST(ReturningPool, BuffersComeFromIt) {
  arrow::MemoryPool* pool = ReturningPool();
  const int64_t before = pool->bytes_allocated();
  {
    auto buffer = *arrow::AllocateResizableBuffer(int64_t{1} << 20, pool);
    ASSERT_TRUE(buffer->Resize(int64_t{100} << 10).ok());
    EXPECT_GT(pool->bytes_allocated(), before);
  }
  EXPECT_EQ(pool->bytes_allocated(), before);
}

TEST(ReturningPool, WhatCannotBeHadIsAnError) {
  uint8_t* block = nullptr;
  EXPECT_TRUE(ReturningPool()->Allocate(int64_t{1} << 60, &block).IsOutOfMemory());
}

}  // namespace
}  // namespace lancea
