#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <thread>

#include "lancea/error.h"
#include "lancea/io/faulty_store_for_test.h"
#include "lancea/io/local_store.h"
#include "lancea/table/table_for_commit_test.h"

// Faults are written with the members a case is about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace lancea {
namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = testing::TempDir() + "lancea_commit_XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void AppendFromThreads(const std::function<CommitTarget()>& target, const CommitOptions& options,
                       int num_threads, int num_appends) {
  std::vector<std::thread> threads;
  std::atomic<int> num_failed = 0;
  for (int thread = 0; thread < num_threads; ++thread) {
    threads.emplace_back([&, thread] {
      CommitTarget mine = target();
      for (int i = 0; i < num_appends; ++i) {
        auto committed = Commit(mine,
                                AppendOf(mine.known->location.version,
                                         std::to_string(thread) + "-" + std::to_string(i)),
                                options);
        if (!committed.ok()) {
          ADD_FAILURE() << committed.status();
          ++num_failed;
        } else {
          mine.known = committed->version;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_failed, 0);
}

void ExpectEachOnce(const TableVersion& latest, size_t num_appends) {
  auto files = FilesOf(*latest.manifest);
  EXPECT_EQ(files.size(), num_appends + 1);
  for (const auto& [file, times] : files) EXPECT_EQ(times, 1) << file;
  EXPECT_EQ(latest.location.version, num_appends + 1);
}

TEST(Commit, KeepsEveryAppendOfManyThreadsOnceInMemory) {
  TableForTest table;
  AppendFromThreads([&] { return table.Target(); }, {}, 8, 50);
  ExpectEachOnce(table.Latest(), 400);
}

TEST(Commit, KeepsEveryAppendOfManyThreadsOnceOnDisk) {
  TemporaryDirectory directory;
  CommitTarget target = TargetOf(LocalStore());
  target.root = directory.path() + "/a table";
  target.known = Commit(target, OverwriteOf(0, {"first"})).ValueOrDie().version;
  AppendFromThreads([&] { return target; }, {}, 8, 50);
  auto latest = LoadLatestVersion(*LocalStore(), *PutIfAbsentHandler(), target.root);
  ExpectEachOnce(*latest, 400);
}

/// Whatever goes wrong at whichever write: the table is at the old or the new version, and trying
/// again with the same transaction leaves it applied once.
TEST(Commit, SurvivesAFaultAtEveryWrite) {
  const Fault kinds[] = {
      {.kind = Fault::Kind::kFail},
      {.kind = Fault::Kind::kLostReply},
      {.kind = Fault::Kind::kTorn, .torn_bytes = 10},
      {.kind = Fault::Kind::kFail, .for_good = true},
      {.kind = Fault::Kind::kLostReply, .status = arrow::Status::AlreadyExists("so it seems")},
  };
  for (Fault fault : kinds) {
    for (size_t at = 0;; ++at) {
      TableForTest table;
      auto faulty = std::make_shared<FaultyStoreForTest>(table.store);
      fault.at = at;
      faulty->Arm(fault);
      Transaction append = AppendOf(1, "second");
      auto committed = Commit(TargetOf(faulty, table.first), append);
      if (!faulty->has_struck()) {
        EXPECT_GE(at, 2u) << "the transaction and the manifest are written";
        break;
      }
      auto after = FilesOf(*table.Latest().manifest);
      EXPECT_EQ(after["first"], 1);
      EXPECT_LE(after["second"], 1);
      if (committed.ok()) {
        EXPECT_EQ(after["second"], 1);
      }
      EXPECT_FALSE(IsCommitStatusUnknown(committed.status()));
      faulty->Disarm();
      auto again = Commit(TargetOf(faulty, table.first), append);
      ASSERT_TRUE(again.ok()) << again.status();
      EXPECT_EQ(FilesOf(*table.Latest().manifest)["second"], 1);
      EXPECT_EQ(table.Latest().location.version, 2u);
    }
  }
}

TEST(Commit, RecognisesItsOwnVersionWhenTheReplyIsLost) {
  for (const auto& status :
       {arrow::Status::IOError("connection reset"), arrow::Status::AlreadyExists("taken")}) {
    TableForTest table;
    auto faulty = std::make_shared<FaultyStoreForTest>(table.store);
    faulty->Arm(
        {.only = WriteCall::kPutIfAbsent, .kind = Fault::Kind::kLostReply, .status = status});
    auto committed = Commit(TargetOf(faulty, table.first), AppendOf(1, "second"));
    ASSERT_TRUE(committed.ok()) << committed.status();
    EXPECT_TRUE(faulty->has_struck());
    EXPECT_EQ(committed->version.location.version, 2u);
    EXPECT_EQ(table.Latest().location.version, 2u);
  }
}

/// Loses the reply to PutIfAbsent and from then on its sight.
class BlindStore : public MemoryObjectStore {
 public:
  arrow::Result<std::shared_ptr<ObjectReader>> Open(const std::string& path,
                                                    uint64_t size) override {
    if (blind) return arrow::Status::IOError("no connection");
    return MemoryObjectStore::Open(path, size);
  }
  arrow::Status PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes) override {
    ARROW_RETURN_NOT_OK(MemoryObjectStore::PutIfAbsent(path, bytes));
    if (goes_blind) blind = true;
    return blind ? arrow::Status::IOError("no connection") : arrow::Status::OK();
  }
  bool goes_blind = false;
  bool blind = false;
};

TEST(Commit, SaysWhenItCannotTellWhetherItHappened) {
  auto store = std::make_shared<BlindStore>();
  TableVersion first = Commit(TargetOf(store), OverwriteOf(0, {"first"}))->version;
  store->goes_blind = true;
  Transaction append = AppendOf(1, "second");
  auto committed = Commit(TargetOf(store, first), append);
  EXPECT_TRUE(IsCommitStatusUnknown(committed.status())) << committed.status();
  store->goes_blind = store->blind = false;
  auto again = Commit(TargetOf(store, first), append);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->version.location.version, 2u);
}

}  // namespace
}  // namespace lancea
