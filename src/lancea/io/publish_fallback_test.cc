// Publishing on file systems that lack a call: a seccomp filter in a child takes the call away.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>

#include "lancea/io/local_store.h"
#include "lancea/io/store_conformance_for_test.h"
#include "lancea/io/temporary_file.h"

namespace lancea {
namespace {

struct Refusal {
  uint32_t call;
  uint32_t error;
};

// From here on this process gets `error` from each of the calls. False where that cannot be set up.
bool Refuse(std::initializer_list<Refusal> refusals) {
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const Refusal& refusal : refusals) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refusal.call, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | refusal.error));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

#ifdef SYS_link
constexpr uint32_t kLink = SYS_link;
#else
constexpr uint32_t kLink = SYS_linkat;
#endif

class PublishFallbackTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "lancea_publish_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // What two that publish one name say in a child that is refused these calls.
  std::string PutTwice(std::initializer_list<Refusal> refusals) {
    int ends[2];
    if (pipe(ends) != 0) return "no pipe";
    const pid_t child = fork();
    if (child == 0) {
      std::string said = "no seccomp";
      if (Refuse(refusals)) {
        const std::string path = directory_ + "/a";
        said = PutNew(path, "first").ToString();
        said += " | " + PutNew(path, "second").ToString();
      }
      _exit(write(ends[1], said.data(), said.size()) > 0 ? 0 : 1);
    }
    close(ends[1]);
    std::string said(4096, '\0');
    const ssize_t size = read(ends[0], said.data(), said.size());
    close(ends[0]);
    waitpid(child, nullptr, 0);
    said.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
    return said;
  }

 private:
  // As PutIfAbsent, which would look first whether the name is there.
  static arrow::Status PutNew(const std::string& path, std::string_view bytes) {
    ARROW_ASSIGN_OR_RAISE(auto file, TemporaryFile::Create(path));
    const iovec parts[] = {{const_cast<char*>(bytes.data()), bytes.size()}};
    ARROW_RETURN_NOT_OK(file->Append(parts));
    return file->Publish(TemporaryFile::IfThere::kFail);
  }

 protected:
  std::string directory_;
};

TEST_F(PublishFallbackTest, LinksWhereRenameCannotRefuseToReplace) {
  for (const uint32_t error : {EINVAL, ENOSYS}) {
    std::filesystem::remove(directory_ + "/a");
    const std::string said = PutTwice({{SYS_renameat2, error}});
    if (said == "no seccomp") GTEST_SKIP();
    EXPECT_TRUE(said.starts_with("OK | ")) << said;
    EXPECT_NE(said.find("/a: File exists"), std::string::npos) << said;
    EXPECT_EQ(NamesIn(*LocalStore(), directory_), std::vector<std::string>{"a"});
    EXPECT_EQ(ReadAll(*LocalStore(), directory_ + "/a"), "first");
  }
}

TEST_F(PublishFallbackTest, RefusesWhereNeitherWayIsSafe) {
  const std::string said = PutTwice({{SYS_renameat2, EINVAL}, {kLink, EPERM}, {SYS_linkat, EPERM}});
  if (said == "no seccomp") GTEST_SKIP();
  EXPECT_TRUE(said.starts_with("NotImplemented: cannot create " + directory_ + "/a")) << said;
  EXPECT_NE(said.find("commit lock"), std::string::npos) << said;
  EXPECT_TRUE(NamesIn(*LocalStore(), directory_).empty());
}

TEST_F(PublishFallbackTest, SaysWhenTheDiskDoesNotTakeTheBytes) {
  const std::string said = PutTwice({{SYS_fsync, EIO}});
  if (said == "no seccomp") GTEST_SKIP();
  EXPECT_NE(said.find("cannot flush to disk " + directory_ + "/a: Input/output error"),
            std::string::npos)
      << said;
  EXPECT_TRUE(NamesIn(*LocalStore(), directory_).empty());
}

}  // namespace
}  // namespace lancea
