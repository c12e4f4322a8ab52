#include "lancea/io/memory_store.h"

#include <gtest/gtest.h>

#include <thread>

#include "arrow/buffer.h"
#include "lancea/error.h"
#include "lancea/io/read_ranges.h"
#include "lancea/io/store_conformance_for_test.h"

namespace lancea {
namespace {

std::shared_ptr<arrow::Buffer> Text(const char* text) { return arrow::Buffer::FromString(text); }

TEST(MemoryStore, GivesViewsOfTheBufferPut) {
  MemoryObjectStore store;
  auto bytes = Text("0123456789");
  ASSERT_TRUE(store.Put("t/a", bytes).ok());
  auto object = store.Open("t/a").ValueOrDie();
  EXPECT_TRUE(object->is_memory());
  EXPECT_EQ(object->size(), 10u);
  EXPECT_EQ(object->ReadAt({3, 2}).ValueOrDie()->data(), bytes->data() + 3);
}

TEST(MemoryStore, RejectsRangesPastTheEndNamingThePath) {
  MemoryObjectStore store;
  ASSERT_TRUE(store.Put("t/a", Text("0123")).ok());
  auto object = store.Open("t/a").ValueOrDie();
  for (const ByteRange& bad : {ByteRange{0, 5}, ByteRange{5, 0}, ByteRange{1, ~uint64_t{0}}}) {
    const arrow::Status status = object->ReadAt(bad).status();
    EXPECT_TRUE(status.IsIOError()) << status;
    EXPECT_NE(status.message().find("t/a"), std::string::npos) << status;
  }
}

TEST(MemoryStore, KnowsOneObjectBySeveralSpellings) {
  MemoryObjectStore store;
  ASSERT_TRUE(store.Put("/t//a/", Text("x")).ok());
  for (const char* path : {"t/a", "/t/a", "t//a", "//t/a/"})
    EXPECT_TRUE(store.Open(path).ok()) << path;
}

TEST(MemoryStore, NamesTheObjectThatIsNotThere) {
  MemoryObjectStore store;
  ASSERT_TRUE(store.Put("t/a", Text("x")).ok());
  for (const char* path : {"t", "t/a/b", "t/b", ""}) {
    EXPECT_EQ(CategoryOf(store.Open(path).status()), ErrorCategory::kNotFound) << path;
  }
}

TEST(MemoryStore, TakesNoEmptyPathAndNoMissingBuffer) {
  MemoryObjectStore store;
  EXPECT_EQ(CategoryOf(store.Put("/", Text("x"))), ErrorCategory::kInvalidInput);
  EXPECT_EQ(CategoryOf(store.Put("a", nullptr)), ErrorCategory::kInvalidInput);
}

TEST(MemoryStore, ListsWhatIsDirectlyBelowInOrder) {
  MemoryObjectStore store;
  for (const char* path : {"t/b", "t/a/1", "t/a/2", "t/a0", "t/c/d/e", "tt/x", "s"}) {
    ASSERT_TRUE(store.Put(path, Text("xyz")).ok());
  }
  std::vector<std::string> names;
  for (const ObjectInfo& info : store.List("t/").ValueOrDie()) {
    names.push_back(info.path + (info.is_directory ? "/" : ":"));
    if (!info.is_directory) names.back() += std::to_string(info.size);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"t/a/", "t/a0:3", "t/b:3", "t/c/"}));
  EXPECT_EQ(store.List("").ValueOrDie().size(), 3u);
  EXPECT_TRUE(store.List("nothing").ValueOrDie().empty());
  EXPECT_TRUE(store.List("t/b").ValueOrDie().empty());
}

TEST(MemoryStore, LeavesOpenReadersAsTheyWere) {
  MemoryObjectStore store;
  ASSERT_TRUE(store.Put("a", Text("old")).ok());
  auto old = store.Open("a").ValueOrDie();
  ASSERT_TRUE(store.Put("a", Text("newer")).ok());
  EXPECT_EQ(store.Open("a").ValueOrDie()->size(), 5u);
  EXPECT_TRUE(store.Delete("a").ok());
  EXPECT_FALSE(store.Open("a").ok());
  EXPECT_EQ(old->ReadAt({0, 3}).ValueOrDie()->ToString(), "old");
}

TEST(MemoryStore, DeletesADirectoryAndNotItsNeighbours) {
  MemoryObjectStore store;
  for (const char* path : {"t/a/1", "t/a/b/2", "t/a", "t/a0", "t/ab"})
    ASSERT_TRUE(store.Put(path, Text("x")).ok());
  EXPECT_TRUE(store.DeleteDirectory("t/a/").ok());
  EXPECT_EQ(store.List("t").ValueOrDie().size(), 3u);
  EXPECT_TRUE(store.DeleteDirectory("t/a").ok());
  EXPECT_TRUE(store.DeleteDirectory("").ok());
  EXPECT_TRUE(store.List("").ValueOrDie().empty());
}

TEST(MemoryStore, KeepsThePromisesOfWriting) {
  MemoryObjectStore store;
  ExpectWritesWhole(store, "t1");
  ExpectReplacesOnlyAtFinish(store, "t2");
  ExpectNothingStaysOfWhatWasGivenUp(store, "t3");
  ExpectDeletes(store, "t4");
  ExpectListsSizesAndTimes(store, "t5", 1'700'000'000'000'000'000);
  ExpectPutsOnlyWhereNothingIs(store, "t6");
  ExpectOneWinnerPerName(store, "t7");
}

TEST(MemoryStore, CopiesTheBytesItIsGivenToPut) {
  MemoryObjectStore store;
  std::string bytes = "before";
  ASSERT_TRUE(store.Put("a", BytesOf(bytes)).ok());
  ASSERT_TRUE(store.PutIfAbsent("b", BytesOf(bytes)).ok());
  bytes = "after!";
  EXPECT_EQ(ReadAll(store, "a"), "before");
  EXPECT_EQ(ReadAll(store, "b"), "before");
}

TEST(MemoryStore, WritesNothingToAnEmptyPath) {
  MemoryObjectStore store;
  EXPECT_EQ(CategoryOf(store.Create("/").status()), ErrorCategory::kInvalidInput);
  EXPECT_EQ(CategoryOf(store.Put("", BytesOf("x"))), ErrorCategory::kInvalidInput);
  EXPECT_EQ(CategoryOf(store.PutIfAbsent("//", BytesOf("x"))), ErrorCategory::kInvalidInput);
}

TEST(MemoryStore, IsSafeToUseFromManyThreads) {
  MemoryObjectStore store;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&store, t] {
      for (int i = 0; i < 200; ++i) {
        const std::string path = "d/" + std::to_string(i % 10);
        if (t % 2 == 0) {
          EXPECT_TRUE(store.Put(path, Text("abc")).ok());
        } else if (auto object = store.Open(path); object.ok()) {
          EXPECT_EQ((*object)->ReadAt({0, 3}).ValueOrDie()->ToString(), "abc");
        }
        EXPECT_TRUE(store.List("d").ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace lancea
