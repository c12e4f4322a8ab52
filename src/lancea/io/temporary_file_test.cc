#include "lancea/io/temporary_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "arrow/buffer.h"
#include "lancea/error.h"
#include "lancea/io/local_store.h"
#include "lancea/io/store_conformance_for_test.h"

namespace lancea {
namespace {

class TemporaryFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "lancea_temporary_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  static arrow::Status Append(TemporaryFile& file, std::string_view bytes) {
    const iovec parts[] = {{const_cast<char*>(bytes.data()), bytes.size()}};
    return file.Append(parts);
  }
  std::string directory_;
};

bool WriteWhole(const char* path, const std::string& bytes) {
  const int file = open(path, O_WRONLY);
  const bool done = file >= 0 && write(file, bytes.data(), bytes.size()) > 0;
  if (file >= 0) close(file);
  return done;
}

// What a write of 2 MB says on a disk of 256 KiB of its own, mounted on `directory` for this process; and
// whether it left anything there.
std::string FillADisk(const std::string& directory) {
  const std::string user = "0 " + std::to_string(getuid()) + " 1";
  const std::string group = "0 " + std::to_string(getgid()) + " 1";
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return "cannot mount";
  if (!WriteWhole("/proc/self/setgroups", "deny") || !WriteWhole("/proc/self/uid_map", user) ||
      !WriteWhole("/proc/self/gid_map", group)) {
    return "cannot mount";
  }
  if (mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=256k") != 0) return "cannot mount";
  auto writer = LocalStore()->Create(directory + "/a");
  if (!writer.ok()) return writer.status().message();
  std::string message = (*writer)->Write(BytesOf(std::string(2'000'000, 'x'))).message();
  if ((*writer)->Finish().ok()) message += " | finished";
  if ((*writer)->Abort().ok() && NamesIn(*LocalStore(), directory).empty()) {
    message += " | nothing left";
  }
  return message;
}

TEST_F(TemporaryFileTest, HasANameThatReadersSkipUntilItIsPublished) {
  auto file = TemporaryFile::Create(directory_ + "/18446744073709551614.manifest").ValueOrDie();
  ASSERT_TRUE(Append(*file, "abc").ok());
  const auto before = NamesIn(*LocalStore(), directory_);
  ASSERT_EQ(before.size(), 1u);
  EXPECT_TRUE(before[0].starts_with(".tmp")) << before[0];
  EXPECT_TRUE(IsTemporaryName(directory_ + "/" + before[0]));
  ASSERT_TRUE(file->Publish(TemporaryFile::IfThere::kFail).ok());
  EXPECT_EQ(NamesIn(*LocalStore(), directory_),
            std::vector<std::string>{"18446744073709551614.manifest"});
}

TEST_F(TemporaryFileTest, KnowsTemporaryNamesOfOtherClients) {
  EXPECT_TRUE(IsTemporaryName("t/_versions/.tmpAb3Xz9"));
  EXPECT_TRUE(IsTemporaryName(".tmp-0123456789abcdef"));
  EXPECT_FALSE(IsTemporaryName(".tmp/data/a.lance"));
  EXPECT_FALSE(IsTemporaryName("t/_versions/1.manifest"));
  EXPECT_FALSE(IsTemporaryName(""));
}

TEST_F(TemporaryFileTest, IsWhatAKilledWriterLeavesBehind) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto file = TemporaryFile::Create(directory_ + "/a").ValueOrDie();
    if (!Append(*file, "half").ok()) _exit(1);
    kill(getpid(), SIGKILL);
  }
  waitpid(child, nullptr, 0);
  const auto left = NamesIn(*LocalStore(), directory_);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_TRUE(IsTemporaryName(left[0])) << left[0];
}

TEST_F(TemporaryFileTest, AppendsMorePartsThanASystemCallTakes) {
  const std::string digits = "0123456789";
  std::vector<iovec> parts;
  std::string expected;
  for (size_t i = 0; i < 5'000; ++i) {
    parts.push_back({const_cast<char*>(digits.data()), i % 11});
    expected += digits.substr(0, i % 11);
  }
  auto file = TemporaryFile::Create(directory_ + "/a").ValueOrDie();
  ASSERT_TRUE(file->Append(parts).ok());
  EXPECT_EQ(file->size(), expected.size());
  ASSERT_TRUE(file->Publish(TemporaryFile::IfThere::kReplace).ok());
  EXPECT_EQ(ReadAll(*LocalStore(), directory_ + "/a"), expected);
}

TEST_F(TemporaryFileTest, NamesPathReasonAndBytesWhenTheFileMayNotGrow) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, SIG_IGN);
  rlimit limit = before;
  limit.rlim_cur = 100'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  auto file = TemporaryFile::Create(directory_ + "/a").ValueOrDie();
  // The kernel takes the first 100,000 bytes, and no more at the second call.
  const arrow::Status status = Append(*file, std::string(150'000, 'x'));
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, SIG_DFL);
  EXPECT_TRUE(status.IsIOError()) << status;
  for (const char* part : {"/a", "File too large", "50000 bytes at 100000"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << part << " in " << status;
  }
  file->Discard();
  EXPECT_TRUE(NamesIn(*LocalStore(), directory_).empty());
}

TEST_F(TemporaryFileTest, NamesPathReasonAndBytesWhenTheDiskIsFull) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string message = FillADisk(directory_);
    _exit(write(ends[1], message.data(), message.size()) > 0 ? 0 : 1);
  }
  close(ends[1]);
  std::string message(4096, '\0');
  const ssize_t size = read(ends[0], message.data(), message.size());
  close(ends[0]);
  waitpid(child, nullptr, 0);
  message.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  if (message == "cannot mount") GTEST_SKIP() << "this user may not mount";
  for (const char* part : {"/a: ", "No space left on device", " bytes at ", "| nothing left"}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
  }
}

TEST_F(TemporaryFileTest, NamesADirectoryThatCannotBeMade) {
  ASSERT_TRUE(LocalStore()->Put(directory_ + "/file", BytesOf("x")).ok());
  for (const std::string& path :
       {directory_ + "/file/below", directory_ + "/file/b/c", std::string("/proc/lancea/a"),
        directory_ + "/" + std::string(300, 'n') + "/a"}) {
    const arrow::Status status = TemporaryFile::Create(path).status();
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find("cannot"), std::string::npos) << status;
    EXPECT_NE(status.message().find(path.substr(0, path.size() - 3)), std::string::npos) << status;
  }
  for (const char* path : {"", "/", "a/"}) {
    EXPECT_EQ(CategoryOf(TemporaryFile::Create(path).status()), ErrorCategory::kInvalidInput);
  }
}

TEST_F(TemporaryFileTest, ReplacesNoDirectory) {
  std::filesystem::create_directory(directory_ + "/d");
  EXPECT_FALSE(LocalStore()->Put(directory_ + "/d", BytesOf("x")).ok());
  EXPECT_EQ(CategoryOf(LocalStore()->PutIfAbsent(directory_ + "/d", BytesOf("x"))),
            ErrorCategory::kAlreadyExists);
  EXPECT_EQ(NamesIn(*LocalStore(), directory_), std::vector<std::string>{"d"});
}

TEST_F(TemporaryFileTest, OfTwoThatWereBothBegunOneIsPublished) {
  auto first = TemporaryFile::Create(directory_ + "/a").ValueOrDie();
  auto second = TemporaryFile::Create(directory_ + "/a").ValueOrDie();
  ASSERT_TRUE(Append(*first, "first").ok());
  ASSERT_TRUE(Append(*second, "second").ok());
  ASSERT_TRUE(second->Publish(TemporaryFile::IfThere::kFail).ok());
  const arrow::Status status = first->Publish(TemporaryFile::IfThere::kFail);
  EXPECT_EQ(CategoryOf(status), ErrorCategory::kAlreadyExists) << status;
  first.reset();
  EXPECT_EQ(ReadAll(*LocalStore(), directory_ + "/a"), "second");
  EXPECT_EQ(NamesIn(*LocalStore(), directory_), std::vector<std::string>{"a"});
}

TEST_F(TemporaryFileTest, IsOpenToOthersAsTheUmaskSays) {
  ASSERT_TRUE(LocalStore()->Put(directory_ + "/a", BytesOf("x")).ok());
  struct stat info;
  ASSERT_EQ(stat((directory_ + "/a").c_str(), &info), 0);
  const mode_t mask = umask(0);
  umask(mask);
  EXPECT_EQ(info.st_mode & 0777, 0666 & ~mask);
}

}  // namespace
}  // namespace lancea
