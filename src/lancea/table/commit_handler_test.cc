#include "lancea/commit_handler.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <thread>

#include "lancea/error.h"
#include "lancea/io/faulty_store_for_test.h"
#include "lancea/table/table_for_commit_test.h"
#include "lancea/util/errors.h"

// Faults are written with the members a case is about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace lancea {
namespace {

class ManifestsInMemory : public ExternalManifestStore {
 public:
  arrow::Result<std::optional<Entry>> Get(const std::string& root, uint64_t version) override {
    std::lock_guard lock(mutex_);
    auto found = entries_.find({root, version});
    return found == entries_.end() ? std::nullopt : std::optional(found->second);
  }
  arrow::Result<std::optional<Entry>> GetLatest(const std::string& root) override {
    std::lock_guard lock(mutex_);
    auto behind = entries_.upper_bound({root, UINT64_MAX});
    if (behind == entries_.begin() || std::prev(behind)->first.first != root) return std::nullopt;
    return std::prev(behind)->second;
  }
  arrow::Status PutIfAbsent(const std::string& root, const Entry& entry) override {
    std::lock_guard lock(mutex_);
    if (!entries_.emplace(std::pair(root, entry.version), entry).second) {
      return AlreadyExists("entry");
    }
    return arrow::Status::OK();
  }
  arrow::Status PutIfExists(const std::string& root, const Entry& entry) override {
    std::lock_guard lock(mutex_);
    auto found = entries_.find({root, entry.version});
    if (found == entries_.end()) return NotFound("entry");
    found->second = entry;
    return arrow::Status::OK();
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, uint64_t>, Entry> entries_;
};

CommitOptions With(std::shared_ptr<CommitHandler> handler) {
  CommitOptions options;
  options.commit_handler = std::move(handler);
  return options;
}

size_t NumStaged(ObjectStore& store) {
  size_t num_staged = 0;
  for (const ObjectInfo& object : *store.List(std::string(kTestRoot) + "/_versions")) {
    num_staged += object.path.find(".manifest-") != std::string::npos;
  }
  return num_staged;
}

TEST(ExternalStoreHandler, PublishesStagesAndTidiesUp) {
  auto manifests = std::make_shared<ManifestsInMemory>();
  CommitOptions options = With(ExternalStoreHandler(manifests));
  auto store = std::make_shared<MemoryObjectStore>();
  ASSERT_TRUE(Commit(TargetOf(store), OverwriteOf(0, {"first"}), options).ok());
  ASSERT_TRUE(Commit(TargetOf(store), AppendOf(1, "second"), options).ok());
  EXPECT_EQ(NumStaged(*store), 0u);
  auto entry = *manifests->GetLatest(kTestRoot);
  EXPECT_EQ(entry->version, 2u);
  EXPECT_EQ(entry->path, ManifestPath(kTestRoot, 2, ManifestNaming::kV2));
  EXPECT_EQ(FilesOf(*LatestOf(*store)->manifest).size(), 2u);
}

TEST(ExternalStoreHandler, FinishesWhatAWriterLeftBehind) {
  auto manifests = std::make_shared<ManifestsInMemory>();
  CommitOptions options = With(ExternalStoreHandler(manifests));
  auto store = std::make_shared<MemoryObjectStore>();
  TableVersion first =
      Commit(TargetOf(store), OverwriteOf(0, {"first"}), options).ValueOrDie().version;
  // The writer of version 2 dies after its entry: all it puts from then on fails.
  auto faulty = std::make_shared<FaultyStoreForTest>(store);
  faulty->Arm({.at = 2, .only = WriteCall::kPut, .for_good = true});
  Transaction second = AppendOf(1, "second");
  EXPECT_FALSE(Commit(TargetOf(faulty, first), second, options).ok());
  EXPECT_EQ(NumStaged(*store), 1u);
  EXPECT_EQ(LatestOf(*store)->location.version, 1u) << "nothing at the final place";
  auto third = Commit(TargetOf(store, first), AppendOf(1, "third"), options);
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_EQ(third->version.location.version, 3u);
  EXPECT_EQ(FilesOf(*third->version.manifest).size(), 3u);
  EXPECT_EQ(NumStaged(*store), 0u);
  // Who thought to have failed asks again and learns of version 2.
  auto again = Commit(TargetOf(store, first), second, options);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->version.location.version, 2u);
}

TEST(ExternalStoreHandler, LetsOneOfManyWritersHaveAVersion) {
  auto handler = ExternalStoreHandler(std::make_shared<ManifestsInMemory>());
  CommitOptions options = With(handler);
  auto store = std::make_shared<MemoryObjectStore>();
  TableVersion first =
      Commit(TargetOf(store), OverwriteOf(0, {"first"}), options).ValueOrDie().version;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 10; ++i) {
        auto committed =
            Commit(TargetOf(store, first),
                   AppendOf(1, std::to_string(thread) + "-" + std::to_string(i)), options);
        EXPECT_TRUE(committed.ok()) << committed.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(FilesOf(*LatestOf(*store)->manifest).size(), 41u);
  EXPECT_EQ(NumStaged(*store), 0u);
}

class CountedLease : public CommitLease {
 public:
  CountedLease(std::mutex& mutex, std::vector<bool>& released)
      : lock_(mutex), released_(released) {}
  arrow::Status Release(bool success) override {
    released_.push_back(success);
    lock_.unlock();
    return arrow::Status::OK();
  }

 private:
  std::unique_lock<std::mutex> lock_;
  std::vector<bool>& released_;
};

TEST(LockHandler, HoldsTheLockWhileItWritesAndSaysHowItWent) {
  TableForTest table;
  std::mutex mutex;
  std::vector<bool> released;
  std::vector<uint64_t> versions;
  auto handler = LockHandler([&](uint64_t version) -> arrow::Result<std::unique_ptr<CommitLease>> {
    auto lease = std::make_unique<CountedLease>(mutex, released);
    versions.push_back(version);
    return lease;
  });
  ASSERT_TRUE(Commit(table.Target(), AppendOf(1, "second"), With(handler)).ok());
  EXPECT_EQ(versions, std::vector<uint64_t>{2});
  EXPECT_EQ(released, std::vector<bool>{true});
  const std::string path = ManifestPath(kTestRoot, 2, ManifestNaming::kV2);
  auto taken = handler->Publish(*table.store, {kTestRoot, 2, path}, {});
  EXPECT_EQ(CategoryOf(taken), ErrorCategory::kAlreadyExists);
  EXPECT_EQ(released.back(), false);
}

TEST(LockHandler, ALockThatCannotBeTakenEndsTheCommit) {
  TableForTest table;
  auto handler = LockHandler([](uint64_t) -> arrow::Result<std::unique_ptr<CommitLease>> {
    return arrow::Status::IOError("no lock today");
  });
  auto committed = Commit(table.Target(), AppendOf(1, "second"), With(handler));
  EXPECT_NE(committed.status().message().find("no lock today"), std::string::npos);
  EXPECT_EQ(table.Latest().location.version, 1u);
}

TEST(UnsafeHandler, StillLooksFirst) {
  TableForTest table;
  const std::string path = ManifestPath(kTestRoot, 1, ManifestNaming::kV2);
  auto taken = UnsafeHandler()->Publish(*table.store, {kTestRoot, 1, path}, {});
  EXPECT_EQ(CategoryOf(taken), ErrorCategory::kAlreadyExists);
}

/// A store without conditional writes, as the default of ObjectStore is.
class PlainStore : public MemoryObjectStore {
 public:
  arrow::Status PutIfAbsent(const std::string&, std::span<const uint8_t>) override {
    return Unsupported("no conditional writes");
  }
};

TEST(PutIfAbsentHandler, IsNotReplacedByAnUnsafeOneUnasked) {
  auto store = std::make_shared<PlainStore>();
  auto committed = Commit(TargetOf(store), OverwriteOf(0, {"first"}));
  EXPECT_EQ(CategoryOf(committed.status()), ErrorCategory::kUnsupported);
  EXPECT_TRUE(Commit(TargetOf(store), OverwriteOf(0, {"first"}), With(UnsafeHandler())).ok());
}

}  // namespace
}  // namespace lancea
