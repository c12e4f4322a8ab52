#include "lancea/io/local_writer.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "lancea/io/local_store.h"
#include "lancea/io/store_conformance_for_test.h"

namespace lancea {
namespace {

// Each test twice: with fsync and without.
class LocalWritingTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) setenv("LANCEA_FSYNC", "0", 1);
    std::string name = testing::TempDir() + "lancea_writing_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override {
    unsetenv("LANCEA_FSYNC");
    std::filesystem::remove_all(directory_);
  }
  ObjectStore& store() { return *LocalStore(); }
  std::string directory_;
};

TEST_P(LocalWritingTest, WritesWhole) { ExpectWritesWhole(store(), directory_); }
TEST_P(LocalWritingTest, ReplacesOnlyAtFinish) { ExpectReplacesOnlyAtFinish(store(), directory_); }
TEST_P(LocalWritingTest, LeavesNothingOfWhatWasGivenUp) {
  ExpectNothingStaysOfWhatWasGivenUp(store(), directory_);
}
TEST_P(LocalWritingTest, Deletes) { ExpectDeletes(store(), directory_); }
TEST_P(LocalWritingTest, ListsSizesAndTimes) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  ExpectListsSizesAndTimes(store(), directory_,
                           std::chrono::nanoseconds(now - std::chrono::minutes(1)).count());
}
TEST_P(LocalWritingTest, PutsOnlyWhereNothingIs) {
  ExpectPutsOnlyWhereNothingIs(store(), directory_);
}
TEST_P(LocalWritingTest, HasOneWinnerPerNameOfManyThreads) {
  ExpectOneWinnerPerName(store(), directory_);
}

TEST_P(LocalWritingTest, HasOneWinnerPerNameOfManyProcesses) {
  constexpr int kProcesses = 6, kNames = 50;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    int num_won = 0;
    for (int i = 0; i < kNames; ++i) {
      const std::string path = directory_ + "/" + std::to_string(i);
      num_won += store().PutIfAbsent(path, BytesOf(std::string(100, 'x'))).ok();
    }
    _exit(write(ends[1], &num_won, sizeof(num_won)) == sizeof(num_won) ? 0 : 1);
  }
  int total = 0;
  for (const pid_t child : children) {
    int num_won = 0;
    ASSERT_EQ(read(ends[0], &num_won, sizeof(num_won)), static_cast<ssize_t>(sizeof(num_won)));
    total += num_won;
    waitpid(child, nullptr, 0);
  }
  close(ends[0]);
  close(ends[1]);
  EXPECT_EQ(total, kNames);
  EXPECT_EQ(NamesIn(store(), directory_).size(), static_cast<size_t>(kNames));
}

TEST_P(LocalWritingTest, WritesIntoTheWorkingDirectory) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(directory_);
  EXPECT_TRUE(store().Put("plain", BytesOf("1")).ok());
  EXPECT_TRUE(store().PutIfAbsent("a/b//c", BytesOf("2")).ok());
  EXPECT_EQ(ReadAll(store(), "a/b/c"), "2");
  std::filesystem::current_path(before);
  EXPECT_EQ(ReadAll(store(), directory_ + "/plain"), "1");
}

TEST_P(LocalWritingTest, DeletesNoFileAsADirectoryAndNoTargetOfALink) {
  ASSERT_TRUE(store().Put(directory_ + "/target/a", BytesOf("x")).ok());
  ASSERT_TRUE(store().Put(directory_ + "/d/b", BytesOf("x")).ok());
  std::filesystem::create_directory_symlink(directory_ + "/target", directory_ + "/d/link");
  EXPECT_EQ(CategoryOf(store().DeleteDirectory(directory_ + "/d/b")), ErrorCategory::kInvalidInput);
  EXPECT_FALSE(store().Delete(directory_ + "/d").ok());
  ASSERT_TRUE(store().DeleteDirectory(directory_ + "/d").ok());
  EXPECT_EQ(ReadAll(store(), directory_ + "/target/a"), "x");
}

INSTANTIATE_TEST_SUITE_P(LocalStore, LocalWritingTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Synced" : "Unsynced"; });

}  // namespace
}  // namespace lancea
