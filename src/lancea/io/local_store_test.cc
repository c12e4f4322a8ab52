#include "lancea/io/local_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "arrow/buffer.h"
#include "lancea/error.h"

namespace lancea {
namespace {

// Each test twice: mapped, and read with pread.
class LocalStoreTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) setenv("LANCEA_MMAP", "0", 1);
    std::string name = testing::TempDir() + "lancea_local_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override {
    unsetenv("LANCEA_MMAP");
    std::filesystem::remove_all(directory_);
  }
  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  std::string directory_;
};

TEST_P(LocalStoreTest, ReadsAnyRangeOfAFile) {
  auto object = LocalStore()->Open(Write("a", "0123456789")).ValueOrDie();
  EXPECT_EQ(object->size(), 10u);
  EXPECT_EQ(object->is_memory(), GetParam());
  EXPECT_EQ(object->ReadAt({0, 10}).ValueOrDie()->ToString(), "0123456789");
  EXPECT_EQ(object->ReadAt({3, 4}).ValueOrDie()->ToString(), "3456");
  EXPECT_EQ(object->ReadAt({10, 0}).ValueOrDie()->size(), 0);
}

TEST_P(LocalStoreTest, ReadsOutliveTheirReader) {
  auto object = LocalStore()->Open(Write("a", "0123456789")).ValueOrDie();
  auto bytes = object->ReadAt({2, 3}).ValueOrDie();
  object.reset();
  EXPECT_EQ(bytes->ToString(), "234");
}

TEST_P(LocalStoreTest, RelaxedPutsReplaceWhatIsThereButNotItsLinks) {
  const std::string path = directory_ + "/hint";
  const auto put = [&](std::string_view text) {
    return LocalStore()->PutRelaxed(path,
                                    {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  };
  const auto text = [](const std::string& of) {
    auto object = LocalStore()->Open(of).ValueOrDie();
    return object->ReadAt({0, object->size()}).ValueOrDie()->ToString();
  };
  for (const char* next : {"8", "9", "10", "11", "7", ""}) {
    ASSERT_TRUE(put(next).ok());
    EXPECT_EQ(text(path), next);
  }
  ASSERT_TRUE(put("12").ok());
  std::filesystem::create_hard_link(path, directory_ + "/snapshot");
  ASSERT_TRUE(put("13").ok());
  EXPECT_EQ(text(path), "13");
  EXPECT_EQ(text(directory_ + "/snapshot"), "12");
}

TEST_P(LocalStoreTest, RejectsRangesPastTheEndNamingThePath) {
  const std::string path = Write("a", "0123456789");
  auto object = LocalStore()->Open(path).ValueOrDie();
  for (const ByteRange& bad : {ByteRange{0, 11}, ByteRange{11, 0}, ByteRange{5, ~uint64_t{0}},
                               ByteRange{~uint64_t{0}, 2}}) {
    const arrow::Status status = object->ReadAt(bad).status();
    EXPECT_TRUE(status.IsIOError()) << status;
    EXPECT_NE(status.message().find(path), std::string::npos) << status;
  }
}

TEST_P(LocalStoreTest, OpensAnEmptyFile) {
  auto object = LocalStore()->Open(Write("empty", "")).ValueOrDie();
  EXPECT_EQ(object->size(), 0u);
  EXPECT_EQ(object->ReadAt({0, 0}).ValueOrDie()->size(), 0);
  EXPECT_TRUE(object->ReadAt({0, 1}).status().IsIOError());
}

TEST_P(LocalStoreTest, NamesTheFileThatIsNotThere) {
  Write("file", "x");
  for (const std::string& path : {directory_ + "/missing", directory_ + "/file/below"}) {
    const arrow::Status status = LocalStore()->Open(path).status();
    EXPECT_EQ(CategoryOf(status), ErrorCategory::kNotFound) << status;
    EXPECT_NE(status.message().find(path), std::string::npos) << status;
  }
}

TEST_P(LocalStoreTest, OpensNeitherDirectoriesNorPipes) {
  const std::string pipe = directory_ + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {directory_, pipe}) {
    const arrow::Status status = LocalStore()->Open(path).status();
    EXPECT_EQ(CategoryOf(status), ErrorCategory::kInvalidInput) << status;
    EXPECT_NE(status.message().find(path), std::string::npos) << status;
  }
}

TEST_P(LocalStoreTest, ListsWhatIsDirectlyBelow) {
  const std::string file = Write("file", "abc");
  std::filesystem::create_directories(directory_ + "/sub/deep");
  std::filesystem::create_directory_symlink(directory_ + "/sub", directory_ + "/link");
  auto found = LocalStore()->List(directory_).ValueOrDie();
  std::ranges::sort(found, {}, &ObjectInfo::path);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].path, file);
  EXPECT_FALSE(found[0].is_directory);
  EXPECT_EQ(found[1].path, directory_ + "/link");
  EXPECT_TRUE(found[1].is_directory);
  EXPECT_EQ(found[2].path, directory_ + "/sub");
  EXPECT_TRUE(found[2].is_directory);
}

TEST_P(LocalStoreTest, ListsNothingWhereThereIsNoDirectory) {
  EXPECT_TRUE(LocalStore()->List(directory_ + "/missing").ValueOrDie().empty());
  EXPECT_TRUE(LocalStore()->List(Write("file", "x")).ValueOrDie().empty());
}

INSTANTIATE_TEST_SUITE_P(LocalStore, LocalStoreTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Mapped" : "Pread"; });

using LocalStorePreadTest = LocalStoreTest;
TEST_P(LocalStorePreadTest, NamesTheFileThatBecameShorterAfterItWasOpened) {
  const std::string path = Write("a", "0123456789");
  auto object = LocalStore()->Open(path).ValueOrDie();
  std::filesystem::resize_file(path, 4);
  EXPECT_EQ(object->ReadAt({0, 4}).ValueOrDie()->ToString(), "0123");
  const arrow::Status status = object->ReadAt({2, 8}).status();
  EXPECT_TRUE(status.IsIOError()) << status;
  EXPECT_NE(status.message().find(path), std::string::npos) << status;
}
INSTANTIATE_TEST_SUITE_P(LocalStore, LocalStorePreadTest, testing::Values(false));

}  // namespace
}  // namespace lancea
