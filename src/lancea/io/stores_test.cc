#include "lancea/stores.h"

#include <gtest/gtest.h>

#include "arrow/buffer.h"
#include "lancea/error.h"

namespace lancea {
namespace {

std::span<const uint8_t> AsBytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(Stores, CopiesObjectsOfAnySize) {
  StoreAndPath from{MakeMemoryStore(), "a"}, to{MakeMemoryStore(), "dir/b"};
  for (size_t size : {size_t{0}, size_t{1}, size_t{8} << 20, (size_t{20} << 20) + 3}) {
    std::string content(size, 'x');
    if (size > 0) content[size / 2] = 'y';
    ASSERT_TRUE(from.store->Put("a", AsBytes(content)).ok());
    ASSERT_TRUE(CopyObject(from, to).ok());
    auto reader = to.store->Open("dir/b").ValueOrDie();
    EXPECT_TRUE(reader->ReadAt({0, reader->size()}).ValueOrDie()->ToString() == content) << size;
  }
}

TEST(Stores, CopyOfNothingLeavesNothing) {
  StoreAndPath from{MakeMemoryStore(), "a"}, to{MakeMemoryStore(), "b"};
  EXPECT_EQ(CategoryOf(CopyObject(from, to)), ErrorCategory::kNotFound);
  EXPECT_FALSE(to.store->Open("b").ok());
}

TEST(Stores, MemoryStoresAreApart) {
  auto one = MakeMemoryStore(), other = MakeMemoryStore();
  ASSERT_TRUE(one->Put("x", AsBytes("1")).ok());
  EXPECT_FALSE(other->Open("x").ok());
  EXPECT_FALSE(OpenStore("memory://x").ValueOrDie().store->Open("x").ok());
}

}  // namespace
}  // namespace lancea
