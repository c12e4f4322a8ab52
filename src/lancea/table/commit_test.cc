#include "lancea/table/commit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "lancea/error.h"
#include "lancea/table/manifest_writer.h"
#include "lancea/table/table_for_commit_test.h"
#include "lancea/util/errors.h"
#include "lancea/util/uuid.h"

namespace lancea {
namespace {

/// A memory store that counts reads.
class CountingStore : public MemoryObjectStore {
 public:
  arrow::Result<std::shared_ptr<ObjectReader>> Open(const std::string& path,
                                                    uint64_t size) override {
    ++num_opens;
    return MemoryObjectStore::Open(path, size);
  }
  arrow::Result<std::vector<ObjectInfo>> List(const std::string& path) override {
    ++num_lists;
    return MemoryObjectStore::List(path);
  }
  std::atomic<int> num_opens = 0;
  std::atomic<int> num_lists = 0;
};

TEST(Commit, ReturnsTheVersionAsAReaderLoadsIt) {
  TableForTest table;
  EXPECT_EQ(table.first.location.version, 1u);
  TableVersion loaded = table.Latest();
  EXPECT_EQ(loaded.location.path, table.first.location.path);
  EXPECT_EQ(loaded.location.size, table.first.location.size);
  EXPECT_EQ(loaded.manifest->transaction_section, table.first.manifest->transaction_section);
  EXPECT_EQ(loaded.manifest->index_section, table.first.manifest->index_section);
  EXPECT_EQ(loaded.manifest->fragments, table.first.manifest->fragments);
  EXPECT_EQ(loaded.manifest->max_fragment_id, table.first.manifest->max_fragment_id);
  EXPECT_EQ(loaded.manifest->timestamp_nanos, table.first.manifest->timestamp_nanos);

  operation::CreateIndex create;
  create.new_indices.emplace_back();
  create.new_indices[0].name = "i";
  create.new_indices[0].uuid = Uuid::Random().ToString();
  create.new_indices[0].field_ids = {0};
  create.new_indices[0].fragment_ids = {0};
  Transaction transaction = TransactionOf(1, create);
  auto indexed = Commit(table.Target(), transaction);
  ASSERT_TRUE(indexed.ok()) << indexed.status();
  loaded = table.Latest();
  EXPECT_EQ(loaded.manifest->transaction_section, indexed->version.manifest->transaction_section);
  EXPECT_EQ(loaded.manifest->index_section, 0u);
  EXPECT_EQ(*loaded.indices, *indexed->version.indices);
  EXPECT_EQ(LoadTransaction(*table.store, kTestRoot, loaded)->uuid, transaction.uuid);
}

TEST(Commit, CreatesATableOnce) {
  auto store = std::make_shared<MemoryObjectStore>();
  Transaction create = OverwriteOf(0, {"first"});
  CommitTarget target = TargetOf(store);
  target.must_be_new = true;
  ASSERT_TRUE(Commit(target, create).ok());
  auto other = Commit(target, OverwriteOf(0, {"other"}));
  EXPECT_EQ(CategoryOf(other.status()), ErrorCategory::kAlreadyExists);
  // Who lost the reply asks again, even after others appended.
  ASSERT_TRUE(Commit(TargetOf(store), AppendOf(1, "second")).ok());
  auto again = Commit(target, create);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->version.location.version, 1u);
  EXPECT_EQ(LatestOf(*store)->location.version, 2u);
}

TEST(Commit, NeedsATableForAllButNewContents) {
  auto store = std::make_shared<MemoryObjectStore>();
  auto append = Commit(TargetOf(store), AppendOf(1, "second"));
  EXPECT_EQ(CategoryOf(append.status()), ErrorCategory::kNotFound);
  operation::Unknown unknown;
  TableForTest table;
  auto newer = Commit(table.Target(), TransactionOf(1, unknown));
  EXPECT_EQ(CategoryOf(newer.status()), ErrorCategory::kUnsupported);
}

TEST(Commit, CostsTheSameAfterManyVersions) {
  auto store = std::make_shared<CountingStore>();
  TableVersion known = Commit(TargetOf(store), OverwriteOf(0, {"first"}))->version;
  auto cost_of_one = [&](int i) {
    store->num_opens = 0;
    store->num_lists = 0;
    auto committed =
        Commit(TargetOf(store, known), AppendOf(known.location.version, "f" + std::to_string(i)));
    EXPECT_TRUE(committed.ok()) << committed.status();
    known = committed->version;
    return std::pair<int, int>(store->num_opens, store->num_lists);
  };
  auto early = cost_of_one(0);
  for (int i = 1; i < 60; ++i) cost_of_one(i);
  EXPECT_EQ(cost_of_one(60), early);
  EXPECT_EQ(early.second, 0) << "listed";
  EXPECT_LE(early.first, 3) << "the next version, the hint, the known version";
}

TEST(Commit, ChecksVersionsBetweenTheReadAndTheOpenOne) {
  TableForTest table;
  TableVersion second = Commit(table.Target(), OverwriteOf(1, {"second"}))->version;
  // Read version 1, yet the caller has version 2 open.
  auto append = Commit(TargetOf(table.store, second), AppendOf(1, "third"));
  EXPECT_EQ(CategoryOf(append.status()), ErrorCategory::kCommitConflict);
  auto good = Commit(TargetOf(table.store, table.first), AppendOf(2, "third"));
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(good->version.location.version, 3u);
}

TEST(Commit, StopsWhenAsked) {
  TableForTest table;
  arrow::StopSource source;
  source.RequestStop();
  CommitOptions options;
  options.stop = source.token();
  auto committed = Commit(table.Target(), AppendOf(1, "second"), options);
  EXPECT_TRUE(committed.status().IsCancelled());
  EXPECT_EQ(table.Latest().location.version, 1u);
}

TEST(Commit, GivesUpWhenTheTimeIsOver) {
  TableForTest table;
  // Somebody else is always first.
  CommitOptions options;
  options.max_retries = 1'000'000;
  options.timeout = std::chrono::milliseconds(50);
  options.commit_handler = LockHandler([](uint64_t) -> arrow::Result<std::unique_ptr<CommitLease>> {
    return AlreadyExists("taken");
  });
  const auto begin = std::chrono::steady_clock::now();
  auto late = Commit(table.Target(), AppendOf(1, "second"), options);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  EXPECT_EQ(CategoryOf(late.status()), ErrorCategory::kRetryableConflict) << late.status();
  EXPECT_NE(late.status().message().find("retry_timeout"), std::string::npos) << late.status();
  options.commit_handler = nullptr;
  EXPECT_TRUE(Commit(table.Target(), AppendOf(1, "second"), options).ok());
}

TEST(Commit, AnOpenTableMayHaveItsOwnHandler) {
  TableForTest table;
  CommitTarget target = table.Target();
  int locked = 0;
  target.commit_handler = LockHandler([&](uint64_t) -> arrow::Result<std::unique_ptr<CommitLease>> {
    ++locked;
    return InvalidInput("locked out");
  });
  EXPECT_FALSE(Commit(target, AppendOf(1, "second")).ok());
  CommitOptions options;
  options.commit_handler = PutIfAbsentHandler();
  EXPECT_TRUE(Commit(target, AppendOf(1, "second"), options).ok());
  EXPECT_EQ(locked, 1);
}

TEST(Commit, OverwritesMeetInARetryableConflict) {
  TableForTest table;
  ASSERT_TRUE(Commit(table.Target(), OverwriteOf(1, {"second"})).ok());
  auto lost = Commit(table.Target(), OverwriteOf(1, {"third"}));
  EXPECT_EQ(CategoryOf(lost.status()), ErrorCategory::kRetryableConflict) << lost.status();
  ASSERT_TRUE(Commit(TargetOf(table.store), AppendOf(2, "fourth")).ok());
  auto over_append = Commit(TargetOf(table.store), OverwriteOf(2, {"fifth"}));
  ASSERT_TRUE(over_append.ok()) << over_append.status();
  EXPECT_EQ(FilesOf(*over_append->version.manifest), (std::map<std::string, int>{{"fifth", 1}}));

  CommitOptions strict;
  strict.max_retries = 0;
  auto next = Commit(TargetOf(table.store), OverwriteOf(4, {"sixth"}), strict);
  ASSERT_TRUE(next.ok()) << next.status();
  auto late = Commit(TargetOf(table.store), OverwriteOf(4, {"seventh"}), strict);
  EXPECT_EQ(CategoryOf(late.status()), ErrorCategory::kRetryableConflict);
}

TEST(Commit, RestoresContentsUnderANewNumber) {
  TableForTest table;
  ASSERT_TRUE(Commit(table.Target(), AppendOf(1, "second")).ok());
  operation::Restore restore;
  restore.version = 1;
  auto restored = Commit(TargetOf(table.store), TransactionOf(2, restore));
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->version.location.version, 3u);
  EXPECT_EQ(FilesOf(*restored->version.manifest), (std::map<std::string, int>{{"first", 1}}));
  EXPECT_EQ(restored->version.manifest->max_fragment_id, 1u);
  restore.version = 9;
  auto missing = Commit(TargetOf(table.store), TransactionOf(3, restore));
  EXPECT_EQ(CategoryOf(missing.status()), ErrorCategory::kNotFound);
}

TEST(Commit, DetachedVersionsAreNoPartOfTheHistory) {
  TableForTest table;
  CommitOptions options;
  options.detached = true;
  auto detached = Commit(table.Target(), AppendOf(1, "aside"), options);
  ASSERT_TRUE(detached.ok()) << detached.status();
  const uint64_t version = detached->version.location.version;
  EXPECT_NE(version & kDetachedVersionMask, 0u);
  EXPECT_TRUE(
      detached->version.location.path.ends_with("/d" + std::to_string(version) + ".manifest"));
  EXPECT_EQ(table.Latest().location.version, 1u);
  auto loaded = LoadVersion(*table.store, *FindManifest(*table.store, kTestRoot, version));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(FilesOf(*loaded->manifest).size(), 2u);
  auto on_top = Commit(TargetOf(table.store, *loaded), AppendOf(version, "further"), options);
  ASSERT_TRUE(on_top.ok()) << on_top.status();
  EXPECT_EQ(FilesOf(*on_top->version.manifest).size(), 3u);
  auto attached = Commit(TargetOf(table.store, *loaded), AppendOf(version, "back"));
  EXPECT_EQ(CategoryOf(attached.status()), ErrorCategory::kInvalidInput);
}

TEST(Commit, KeepsTheNamingOfTheTable) {
  auto store = std::make_shared<MemoryObjectStore>();
  CommitOptions options;
  options.enable_v2_manifest_paths = false;
  auto first = Commit(TargetOf(store), OverwriteOf(0, {"first"}), options);
  ASSERT_TRUE(first.ok()) << first.status();
  auto second = Commit(TargetOf(store), AppendOf(1, "second"));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(second->version.location.path.ends_with("/2.manifest"));
}

TEST(Commit, FindsNewerVersionsBehindWhatCleanupsRemoved) {
  TableForTest table;
  TableVersion latest = table.first;
  for (uint64_t read = 1; read < 6; ++read) {
    latest = Commit(TargetOf(table.store, latest), AppendOf(read, std::to_string(read)))->version;
  }
  for (uint64_t version : {2, 3, 4}) {
    ASSERT_TRUE(table.store->Delete(ManifestPath(kTestRoot, version, ManifestNaming::kV2)).ok());
  }
  // What the removed versions did is not known; appended rows fit as long as the schema is the same.
  auto deletes = Commit(table.Target(), DeleteOf(1, table.first.manifest->fragments[0]));
  EXPECT_EQ(CategoryOf(deletes.status()), ErrorCategory::kRetryableConflict) << deletes.status();
  auto append = Commit(table.Target(), AppendOf(1, "late"));
  ASSERT_TRUE(append.ok()) << append.status();
  EXPECT_EQ(append->version.location.version, 7u);
  EXPECT_EQ(FilesOf(*append->version.manifest).size(), 7u);
}

TEST(Commit, TheVersionItStartsFromMayBeCleanedUpMeanwhile) {
  TableForTest table;
  TableVersion open = table.first, latest = table.first;
  for (uint64_t read = 1; read < 6; ++read) {
    latest = Commit(TargetOf(table.store, latest), AppendOf(read, std::to_string(read)))->version;
    if (read == 3) open = latest;
  }
  for (uint64_t version : {2, 3, 4}) {
    ASSERT_TRUE(table.store->Delete(ManifestPath(kTestRoot, version, ManifestNaming::kV2)).ok());
  }
  auto deletes =
      Commit(TargetOf(table.store, open), DeleteOf(1, table.first.manifest->fragments[0]));
  EXPECT_EQ(CategoryOf(deletes.status()), ErrorCategory::kRetryableConflict) << deletes.status();
  auto append = Commit(TargetOf(table.store, open), AppendOf(1, "late"));
  ASSERT_TRUE(append.ok()) << append.status();
  EXPECT_EQ(append->version.location.version, 7u);
  EXPECT_EQ(FilesOf(*append->version.manifest).size(), 7u);
}

TEST(Commit, DoesNotTrustTheHint) {
  const std::string hint_path = std::string(kTestRoot) + "/_versions/latest_version_hint.json";
  for (const char* hint : {R"({"version":1})", R"({"version":900})", "garbage", ""}) {
    TableForTest table;
    TableVersion second = Commit(table.Target(), AppendOf(1, "second"))->version;
    std::string text = hint;
    ASSERT_TRUE(
        table.store->Put(hint_path, {reinterpret_cast<const uint8_t*>(text.data()), text.size()})
            .ok());
    auto third = Commit(TargetOf(table.store, second), AppendOf(2, "third"));
    ASSERT_TRUE(third.ok()) << third.status();
    EXPECT_EQ(third->version.location.version, 3u);
    EXPECT_EQ(ReadVersionHint(*table.store, kTestRoot), 3u);
  }
}

TEST(Commit, TakesTransactionsFromFilesAndVersionsWithoutForUnknown) {
  for (bool has_file : {true, false}) {
    TableForTest table;
    Transaction append = AppendOf(1, "second");
    CommitSettings settings;
    settings.timestamp_nanos = table.first.manifest->timestamp_nanos;
    if (has_file) {
      settings.transaction_file = TransactionFileName(append);
      std::string bytes = *SerializeTransaction(append);
      ASSERT_TRUE(table.store
                      ->Put(std::string(kTestRoot) + "/_transactions/" + settings.transaction_file,
                            {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()})
                      .ok());
    }
    auto built = BuildManifest(table.first.manifest.get(), {}, append, settings);
    ASSERT_TRUE(built.ok()) << built.status();
    auto bytes = *SerializeManifest(built->manifest, built->indices, nullptr);
    ASSERT_TRUE(table.store
                    ->PutIfAbsent(ManifestPath(kTestRoot, 2, ManifestNaming::kV2),
                                  {bytes->data(), static_cast<size_t>(bytes->size())})
                    .ok());
    auto third = Commit(table.Target(), AppendOf(1, "third"));
    if (has_file) {
      ASSERT_TRUE(third.ok()) << third.status();
      EXPECT_EQ(FilesOf(*third->version.manifest).size(), 3u);
    } else {
      EXPECT_EQ(CategoryOf(third.status()), ErrorCategory::kCommitConflict);
    }
  }
}

}  // namespace
}  // namespace lancea
