#include "lancea/io/io_settings.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>
#include <string>

#include "arrow/io/interfaces.h"
#include "arrow/util/thread_pool.h"
#include "lancea/error.h"
#include "lancea/io/fake_reader_for_test.h"
#include "lancea/io/read_ranges.h"

namespace lancea {
namespace {

arrow::Result<IoSettings> Parse(const std::map<std::string, std::string>& variables) {
  return ParseIoSettings([&](const char* name) -> const char* {
    auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

int NumThreads() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "Threads:") {
      int count = 0;
      status >> count;
      return count;
    }
  }
  return 0;
}

// Eight reads that take long enough for several threads to join in.
std::set<std::thread::id> ReadOnPool(arrow::internal::Executor* pool) {
  FakeReader object(1'000'000);
  object.delay = std::chrono::milliseconds(20);
  std::vector<ByteRange> ranges;
  for (uint64_t i = 0; i < 8; ++i) ranges.push_back({i * 5000, 10});
  ReadOptions options{.block_size = 0};
  options.io_executor = pool;
  auto read = ReadRanges(object, ranges, options);
  if (!read.ok()) return {};
  for (size_t i = 0; i < ranges.size(); ++i) {
    if ((*read)[i]->ToString() != FakeBytes(ranges[i])) return {};
  }
  const auto threads = object.threads();
  return {threads.begin(), threads.end()};
}

TEST(IoSettings, HaveDefaultsWhenNothingIsSet) {
  EXPECT_EQ(*Parse({}), IoSettings{});
  EXPECT_EQ(*Parse({{"LANCE_IO_THREADS", ""}, {"LANCE_MAX_IOP_SIZE", ""}}), IoSettings{});
  EXPECT_EQ(IoSettings{}.max_iop_size, 16u * 1024 * 1024);
}

TEST(IoSettings, ComeFromTheEnvironment) {
  const IoSettings settings = *Parse({{"LANCE_IO_THREADS", "12"}, {"LANCE_MAX_IOP_SIZE", "65536"}});
  EXPECT_EQ(settings.io_threads, 12);
  EXPECT_EQ(settings.max_iop_size, 65536u);
  EXPECT_EQ(Parse({{"LANCE_IO_THREADS", "0"}})->io_threads, 1);
}

TEST(IoSettings, RejectWhatIsNoSensibleNumberNamingTheVariable) {
  const std::pair<const char*, const char*> kBad[] = {
      {"LANCE_IO_THREADS", "many"},
      {"LANCE_IO_THREADS", "-1"},
      {"LANCE_IO_THREADS", "99999999999"},
      {"LANCE_IO_THREADS", "8 "},
      {"LANCE_MAX_IOP_SIZE", "16M"},
      {"LANCE_MAX_IOP_SIZE", "0"},
      {"LANCE_MAX_IOP_SIZE", "99999999999999999999"}};
  for (const auto& [name, text] : kBad) {
    const arrow::Status status = Parse({{name, text}}).status();
    EXPECT_EQ(CategoryOf(status), ErrorCategory::kInvalidInput) << name << "=" << text;
    EXPECT_NE(status.message().find(name), std::string::npos) << status;
  }
}

TEST(IoExecutor, IsArrowsForLocalFilesAndLargerForRemoteStores) {
  if (ProcessIoSettings().io_threads.has_value()) GTEST_SKIP() << "LANCE_IO_THREADS is set";
  EXPECT_EQ(DefaultIoExecutor(true), arrow::io::default_io_context().executor());
  EXPECT_EQ(DefaultIoExecutor(false)->GetCapacity(), 64);
  EXPECT_EQ(DefaultIoExecutor(false), DefaultIoExecutor(false));
}

TEST(IoExecutor, StartsNoThreadBeforeAReadNeedsOne) {
  const int before = NumThreads();
  auto pool = arrow::internal::ThreadPool::Make(16).ValueOrDie();
  DefaultIoExecutor(true);
  DefaultIoExecutor(false);
  EXPECT_EQ(NumThreads(), before);
}

TEST(IoExecutor, StillReadsInAForkedChildThatInheritedItWarm) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer forbids threads in a forked child";
#endif
  arrow::internal::Executor* pool = DefaultIoExecutor(false);
  ASSERT_GE(ReadOnPool(pool).size(), 2u);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(30);  // a hang is a failure, too
    // More than one thread: the child's pool has threads of its own.
    _exit(ReadOnPool(pool).size() >= 2 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_GE(ReadOnPool(pool).size(), 2u);
}

}  // namespace
}  // namespace lancea
