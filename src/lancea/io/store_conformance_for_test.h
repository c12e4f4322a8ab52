// What every store that can be written promises, as checks that each store's test runs on its own.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "arrow/buffer.h"
#include "lancea/error.h"
#include "lancea/object_store.h"

namespace lancea {

inline std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

/// The whole object, or "<missing>".
inline std::string ReadAll(ObjectStore& store, const std::string& path) {
  auto object = store.Open(path);
  if (!object.ok()) return "<missing>";
  return (*object)->ReadAt({0, (*object)->size()}).ValueOrDie()->ToString();
}

/// The last names of what lies directly in `directory`, sorted.
inline std::vector<std::string> NamesIn(ObjectStore& store, const std::string& directory) {
  std::vector<std::string> out;
  for (const ObjectInfo& info : store.List(directory).ValueOrDie()) {
    out.push_back(info.path.substr(info.path.find_last_of('/') + 1));
  }
  std::ranges::sort(out);
  return out;
}

/// `base`: a directory of the store that holds nothing yet.
inline void ExpectWritesWhole(ObjectStore& store, const std::string& base) {
  const std::string path = base + "/new dir/%ü/a b.lance";
  auto writer = store.Create(path).ValueOrDie();
  // Small, large and empty pieces across any batch the store makes.
  std::string expected;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers;
  for (size_t size : {1u, 0u, 700'000u, 3u, 400'000u, 2'500'000u, 17u}) {
    std::string piece(size, '\0');
    for (size_t i = 0; i < size; ++i) piece[i] = static_cast<char>(i * 7 + size);
    ASSERT_TRUE(writer->Write(BytesOf(piece)).ok());
    expected += piece;
    buffers.push_back(arrow::Buffer::FromString(std::move(piece)));
    EXPECT_EQ(writer->position(), expected.size());
  }
  for (int round = 0; round < 2; ++round) {
    const auto some = std::span(buffers).subspan(round == 0 ? 0 : 5);
    ASSERT_TRUE(writer->WriteMany(some).ok());
    for (const auto& buffer : some) expected += buffer->ToString();
    EXPECT_EQ(writer->position(), expected.size());
  }
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_TRUE(ReadAll(store, path) == expected);
  EXPECT_EQ(NamesIn(store, base + "/new dir/%ü"), std::vector<std::string>{"a b.lance"});
  EXPECT_FALSE(writer->Write(BytesOf("x")).ok());
  EXPECT_FALSE(writer->Finish().ok());
  EXPECT_TRUE(writer->Abort().ok());
  writer.reset();
  EXPECT_TRUE(ReadAll(store, path) == expected) << "Abort after Finish took the object away";
}

inline void ExpectReplacesOnlyAtFinish(ObjectStore& store, const std::string& base) {
  const std::string path = base + "/a";
  ASSERT_TRUE(store.Put(path, BytesOf("old")).ok());
  auto writer = store.Create(path).ValueOrDie();
  ASSERT_TRUE(writer->Write(BytesOf("newer")).ok());
  EXPECT_EQ(ReadAll(store, path), "old");
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_EQ(ReadAll(store, path), "newer");
  ASSERT_TRUE(store.Put(path, BytesOf("")).ok());
  EXPECT_EQ(ReadAll(store, path), "");
}

inline void ExpectNothingStaysOfWhatWasGivenUp(ObjectStore& store, const std::string& base) {
  ASSERT_TRUE(store.Put(base + "/other", BytesOf("x")).ok());
  {
    auto aborted = store.Create(base + "/a").ValueOrDie();
    ASSERT_TRUE(aborted->Write(BytesOf(std::string(3'000'000, 'x'))).ok());
    ASSERT_TRUE(aborted->Abort().ok());
    EXPECT_FALSE(aborted->Finish().ok());
    auto dropped = store.Create(base + "/b").ValueOrDie();
    ASSERT_TRUE(dropped->Write(BytesOf(std::string(3'000'000, 'x'))).ok());
  }
  EXPECT_EQ(NamesIn(store, base), std::vector<std::string>{"other"});
}

inline void ExpectDeletes(ObjectStore& store, const std::string& base) {
  for (const char* name : {"/d/1", "/d/e/2", "/f"}) {
    ASSERT_TRUE(store.Put(base + name, BytesOf("x")).ok());
  }
  ASSERT_TRUE(store.Delete(base + "/d/1").ok());
  const arrow::Status status = store.Delete(base + "/d/1");
  EXPECT_EQ(CategoryOf(status), ErrorCategory::kNotFound) << status;
  EXPECT_NE(status.message().find(base + "/d/1"), std::string::npos) << status;
  EXPECT_EQ(NamesIn(store, base + "/d"), std::vector<std::string>{"e"});
  ASSERT_TRUE(store.DeleteDirectory(base + "/d").ok());
  ASSERT_TRUE(store.DeleteDirectory(base + "/d").ok());
  EXPECT_EQ(NamesIn(store, base), std::vector<std::string>{"f"});
}

/// \param newer_than  ns since the epoch
inline void ExpectListsSizesAndTimes(ObjectStore& store, const std::string& base,
                                     int64_t newer_than) {
  ASSERT_TRUE(store.Put(base + "/a", BytesOf("12345")).ok());
  ASSERT_TRUE(store.Put(base + "/d/b", BytesOf("1")).ok());
  auto found = store.ListWithDetails(base).ValueOrDie();
  std::ranges::sort(found, {}, &ObjectInfo::path);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].path, base + "/a");
  EXPECT_EQ(found[0].size, 5u);
  EXPECT_GE(found[0].modified_nanos, newer_than);
  EXPECT_TRUE(found[1].is_directory);
  EXPECT_EQ(found[1].size, 0u);
}

inline void ExpectPutsOnlyWhereNothingIs(ObjectStore& store, const std::string& base) {
  ASSERT_TRUE(store.PutIfAbsent(base + "/new/a", BytesOf("first")).ok());
  const arrow::Status status = store.PutIfAbsent(base + "/new/a", BytesOf("second"));
  EXPECT_EQ(CategoryOf(status), ErrorCategory::kAlreadyExists) << status;
  EXPECT_NE(status.message().find(base + "/new/a"), std::string::npos) << status;
  EXPECT_EQ(ReadAll(store, base + "/new/a"), "first");
  EXPECT_EQ(NamesIn(store, base + "/new"), std::vector<std::string>{"a"});
}

/// Eight threads put one hundred names each: exactly one wins each, and its bytes are there.
inline void ExpectOneWinnerPerName(ObjectStore& store, const std::string& base) {
  constexpr size_t kThreads = 8, kNames = 100;
  std::array<std::array<bool, kNames>, kThreads> won{};
  std::atomic<size_t> num_ready{0};
  {
    std::vector<std::jthread> threads;
    for (size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        ++num_ready;
        while (num_ready < kThreads) std::this_thread::yield();
        for (size_t i = 0; i < kNames; ++i) {
          const std::string bytes(1000, static_cast<char>('a' + t));
          const arrow::Status status =
              store.PutIfAbsent(base + "/" + std::to_string(i), BytesOf(bytes));
          won[t][i] = status.ok();
          if (!status.ok()) {
            EXPECT_EQ(CategoryOf(status), ErrorCategory::kAlreadyExists) << status;
          }
        }
      });
    }
  }
  EXPECT_EQ(NamesIn(store, base).size(), kNames);
  for (size_t i = 0; i < kNames; ++i) {
    std::string winners;
    for (size_t t = 0; t < kThreads; ++t) {
      if (won[t][i]) winners.push_back(static_cast<char>('a' + t));
    }
    ASSERT_EQ(winners.size(), 1u) << "name " << i;
    EXPECT_EQ(ReadAll(store, base + "/" + std::to_string(i)), std::string(1000, winners[0]));
  }
}

}  // namespace lancea
