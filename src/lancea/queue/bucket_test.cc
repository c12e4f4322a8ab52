#include <atomic>
#include <cmath>
#include <thread>

#include "arrow/array/util.h"
#include "arrow/scalar.h"
#include "arrow/util/future.h"
#include "lancea/error.h"
#include "lancea/queue/bucket_for_test.h"

namespace lancea::queue {
namespace {

TEST_F(BucketTest, ReadsPersistedAndBufferedRowsInOneOrder) {
  auto bucket = OpenWriter();
  ASSERT_TRUE(bucket->Put(Rows(0, 10)).ok());
  ASSERT_TRUE(bucket->Flush().ok());
  ASSERT_TRUE(bucket->Put(Rows(10, 5)).ok());
  EXPECT_EQ(All(*bucket), Counted(0, 15));
  EXPECT_EQ(Ids(**bucket->Get(8, 4)), Counted(8, 12));
  EXPECT_EQ(Ids(**bucket->Get(12, 100)), Counted(12, 15));
  EXPECT_EQ((*bucket->Get(15, 1))->num_rows(), 0);
  const QueueStats stats = bucket->stats();
  EXPECT_EQ(stats.persisted_rows, 10);
  EXPECT_EQ(stats.buffer_rows, 5);
}

TEST_F(BucketTest, FlushesWholeThresholds) {
  QueueOptions options;
  options.flush_rows = 500;
  auto bucket = OpenWriter(options);
  for (int i = 0; i < 600; ++i) ASSERT_TRUE(bucket->Put(Rows(i, 1)).ok());
  while (bucket->is_flush_due()) std::this_thread::yield();
  EXPECT_EQ(bucket->stats().persisted_rows, 500);
  EXPECT_EQ(bucket->stats().buffer_rows, 100);
  EXPECT_EQ(All(*bucket), Counted(0, 600));
}

TEST_F(BucketTest, FlushesByAge) {
  QueueOptions options;
  options.flush_age_seconds = 0.05;
  auto bucket = OpenWriter(options);
  ASSERT_TRUE(bucket->Put(Rows(0, 3)).ok());
  for (int i = 0; i < 500 && bucket->stats().persisted_rows < 3; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(bucket->stats().persisted_rows, 3);
}

TEST_F(BucketTest, FlushesByBytes) {
  QueueOptions options;
  options.flush_bytes = 1 << 20;
  auto bucket = OpenWriter(options);
  auto rows = *Rows(0, 1)->SetColumn(
      1, Rows(0, 1)->schema()->field(1),
      *arrow::MakeArrayFromScalar(arrow::StringScalar(std::string(300'000, 'x')), 1));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(bucket->Put(rows).ok());
  EXPECT_FALSE(bucket->is_flush_due());
  ASSERT_TRUE(bucket->Put(rows).ok());
  while (bucket->is_flush_due()) std::this_thread::yield();
  EXPECT_EQ(bucket->stats().persisted_rows, 4);
}

TEST_F(BucketTest, ClosingKeepsEverythingAndOpeningGoesOn) {
  for (int i = 0; i < 3; ++i) {
    auto bucket = OpenWriter();
    ASSERT_TRUE(bucket->Put(Rows(i * 7, 7)).ok());
    ASSERT_TRUE(bucket->Close().ok());
  }
  EXPECT_EQ(All(*Open()), Counted(0, 21));
}

TEST_F(BucketTest, ASecondWriterIsRefusedUntilTheFirstStops) {
  auto first = OpenWriter();
  auto second = Open();
  const auto status = second->OpenForWriting();
  EXPECT_EQ(CategoryOf(status), ErrorCategory::kCommitConflict) << status;
  EXPECT_NE(status.message().find(std::to_string(getpid())), std::string::npos) << status;
  ASSERT_TRUE(first->Put(Rows(0, 2)).ok());
  ASSERT_TRUE(first->StopWriting().ok());
  ASSERT_TRUE(second->OpenForWriting().ok());
  ASSERT_TRUE(second->Put(Rows(2, 2)).ok());
  EXPECT_EQ(All(*second), Counted(0, 4));
}

TEST_F(BucketTest, AReaderSeesCommitsOfAnother) {
  auto writer = OpenWriter();
  auto reader = Open();
  EXPECT_EQ(reader->num_rows(), 0);
  ASSERT_TRUE(writer->Put(Rows(0, 4)).ok());
  ASSERT_TRUE(writer->Flush().ok());
  EXPECT_TRUE(*reader->WaitForRows(3, 10));
  EXPECT_EQ(All(*reader), Counted(0, 4));
  EXPECT_FALSE(*reader->WaitForRows(4, 0.02));
}

TEST_F(BucketTest, ABlockedReaderIsWokenByAPut) {
  auto bucket = OpenWriter();
  std::thread reader([&] { EXPECT_TRUE(*bucket->WaitForRows(0, 30)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_TRUE(bucket->Put(Rows(0, 1)).ok());
  reader.join();
}

TEST_F(BucketTest, OtherSchemasAreRefusedAndNothingIsLost) {
  auto bucket = OpenWriter();
  ASSERT_TRUE(bucket->Put(Rows(0, 1)).ok());
  auto other = Rows(1, 1)->RemoveColumn(1);
  EXPECT_EQ(CategoryOf(bucket->Put(*other)), ErrorCategory::kInvalidInput);
  ASSERT_TRUE(bucket->Put(Rows(1, 1)).ok());
  EXPECT_EQ(All(*bucket), Counted(0, 2));
}

TEST_F(BucketTest, NewColumnsAreNullInOlderRows) {
  auto bucket = OpenWriter();
  ASSERT_TRUE(bucket->Put(Rows(0, 4)).ok());
  ASSERT_TRUE(bucket->Flush().ok());
  ASSERT_TRUE(bucket->Put(Rows(4, 2)).ok());
  auto schema = *bucket->schema()->AddField(2, arrow::field("score", arrow::float64()));
  ASSERT_TRUE(bucket->Evolve(schema).ok());
  arrow::DoubleBuilder scores;
  ASSERT_TRUE(scores.AppendValues({1.5, 2.5}).ok());
  auto rows = Rows(6, 2);
  ASSERT_TRUE(bucket->Put(*rows->AddColumn(2, "score", *scores.Finish())).ok());
  for (int round = 0; round < 2; ++round) {
    auto table = *bucket->Get(0, 100);
    EXPECT_EQ(Ids(*table), Counted(0, 8));
    EXPECT_EQ(table->GetColumnByName("score")->null_count(), 6);
    ASSERT_TRUE(bucket->Flush().ok());
  }
}

TEST_F(BucketTest, ALogIsReplayedOnceWhereverTheWriterStopped) {
  // A folder copied while the writer lives is what a crash leaves.
  const auto copy = [&](const std::string& to) {
    std::filesystem::remove_all(to);
    std::filesystem::copy(folder_ + "/bucket_0", to, std::filesystem::copy_options::recursive);
  };
  auto bucket = OpenWriter(Logged());
  ASSERT_TRUE(bucket->Put(Rows(0, 5)).ok());
  copy(folder_ + "/before");
  const std::string log = folder_ + "/before/wal";
  ASSERT_TRUE(bucket->Flush().ok());
  copy(folder_ + "/after");
  // The commit was made, the log not yet forgotten.
  std::filesystem::remove_all(folder_ + "/after/wal");
  std::filesystem::copy(log, folder_ + "/after/wal", std::filesystem::copy_options::recursive);
  for (const char* name : {"/before", "/after"}) {
    for (int round = 0; round < 2; ++round) {
      auto reopened = *QueueBucket::Open(folder_ + name, Logged());
      ASSERT_TRUE(reopened->OpenForWriting().ok());
      EXPECT_EQ(All(*reopened), Counted(0, 5)) << name;
    }
  }
}

TEST_F(BucketTest, ManyPutsShareAnFsync) {
  auto bucket = OpenWriter(Logged());
  std::vector<arrow::Future<uint64_t>> puts;
  for (int i = 0; i < 2000; ++i) {
    auto put = bucket->TryPut(Rows(i, 1));
    ASSERT_TRUE(put.ok() && *put);
    puts.push_back(**put);
  }
  for (size_t i = 0; i < puts.size(); ++i) {
    ASSERT_TRUE(puts[i].status().ok()) << puts[i].status();
    EXPECT_EQ(*puts[i].result(), i);
  }
  EXPECT_LT(bucket->stats().wal_syncs, 1000);
  EXPECT_EQ(All(*bucket), Counted(0, 2000));
}

TEST_F(BucketTest, AnIntervalLogIsWrittenInTime) {
  QueueOptions options = Logged();
  options.wal_sync_interval_seconds = 0.02;
  auto bucket = OpenWriter(options);
  ASSERT_TRUE(bucket->Put(Rows(0, 3)).ok());
  for (int i = 0; i < 500 && bucket->stats().wal_syncs == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  auto inspection = *InspectQueue(folder_ + "/bucket_0", true);
  EXPECT_EQ(inspection.wal_rows, 3);
  EXPECT_EQ(inspection.writer_process, getpid());
}

TEST_F(BucketTest, AFullLogHasTheBufferFlushed) {
  QueueOptions options = Logged();
  options.max_wal_bytes = 20'000;
  options.flush_rows = 1'000'000;
  auto bucket = OpenWriter(options);
  for (int i = 0; i < 2000; i += 20) ASSERT_TRUE(bucket->Put(Rows(i, 20)).ok());
  EXPECT_GT(bucket->stats().flushes, 0);
  EXPECT_LT(bucket->stats().wal_bytes, 100'000);
  EXPECT_EQ(All(*bucket), Counted(0, 2000));
}

TEST_F(BucketTest, FragmentsStayFewAndRowsInOrder) {
  QueueOptions options;
  options.flush_rows = 10;
  options.retain_versions_seconds = 0;
  auto bucket = OpenWriter(options);
  int64_t row = 0;
  for (int flush = 0; flush < 300; ++flush) {
    ASSERT_TRUE(bucket->Put(Rows(row, 10)).ok());
    row += 10;
    ASSERT_TRUE(bucket->Flush().ok());
  }
  auto maintained = bucket->WaitForMaintenance();
  ASSERT_TRUE(maintained.ok()) << maintained;
  const QueueStats stats = bucket->stats();
  EXPECT_GT(stats.merges, 30);
  EXPECT_LE(stats.fragments, 32);
  EXPECT_EQ(stats.maintenance_error, "");
  EXPECT_EQ(All(*bucket), Counted(0, row));
  // Replaced versions and their files are gone.
  size_t files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder_ + "/bucket_0/data.lance")) {
    files += entry.is_regular_file();
  }
  EXPECT_LE(files, stats.fragments + 20);
  ASSERT_TRUE(bucket->Close().ok());
  auto inspection = *InspectQueue(folder_ + "/bucket_0", true);
  EXPECT_TRUE(inspection.defects.empty());
  EXPECT_EQ(All(*Open()), Counted(0, row));
}

TEST_F(BucketTest, AReaderGoesOnDuringCompaction) {
  QueueOptions options;
  options.flush_rows = 10;
  options.retain_versions_seconds = 0;
  auto bucket = OpenWriter(options);
  auto other = Open(options);
  std::atomic<bool> done{false};
  std::thread reader([&] {
    int64_t next = 0;
    while (!done || next < 2000) {
      auto table = (next % 2 == 0 ? bucket : other)->Get(static_cast<uint64_t>(next), 37);
      ASSERT_TRUE(table.ok()) << table.status();
      const auto ids = Ids(**table);
      ASSERT_EQ(ids, Counted(next, next + static_cast<int64_t>(ids.size())));
      next += static_cast<int64_t>(ids.size());
      if (ids.empty()) std::this_thread::yield();
      if (ids.empty() && done) break;
    }
  });
  for (int64_t row = 0; row < 2000; row += 10) {
    ASSERT_TRUE(bucket->Put(Rows(row, 10)).ok());
    ASSERT_TRUE(bucket->Flush().ok());
  }
  done = true;
  reader.join();
}

TEST_F(BucketTest, ManyBucketsShareFewThreads) {
  std::vector<std::shared_ptr<QueueBucket>> buckets;
  for (int i = 0; i < 50; ++i) {
    buckets.push_back(*QueueBucket::Open(folder_ + "/bucket_" + std::to_string(i), Logged()));
    ASSERT_TRUE(buckets.back()->OpenForWriting().ok());
  }
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(buckets[i]->Put(Rows(i, 2)).ok());
  for (int i = 0; i < 50; ++i) EXPECT_EQ(All(*buckets[i]), Counted(i, i + 2));
}

TEST_F(BucketTest, TheWritersOptionsHoldWhoeverOpenedTheBucket) {
  auto bucket = Open();
  QueueOptions options = Logged();
  options.flush_rows = 5;
  ASSERT_TRUE(bucket->OpenForWriting(options).ok());
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(bucket->Put(Rows(i, 1)).ok());
  while (bucket->is_flush_due()) std::this_thread::yield();
  EXPECT_EQ(bucket->stats().persisted_rows, 5);
  EXPECT_GT(bucket->stats().wal_syncs, 0);
  ASSERT_TRUE(bucket->StopWriting().ok());
  ASSERT_TRUE(bucket->OpenForWriting().ok());
  ASSERT_TRUE(bucket->Put(Rows(7, 100)).ok());
  EXPECT_EQ(bucket->stats().persisted_rows, 7);
  EXPECT_EQ(All(*bucket), Counted(0, 107));
}

TEST_F(BucketTest, OptionsThatCannotBeAreRefused) {
  auto bucket = Open();
  QueueOptions options;
  options.flush_rows = 0;
  EXPECT_EQ(CategoryOf(bucket->OpenForWriting(options)), ErrorCategory::kInvalidInput);
  options = {};
  options.flush_age_seconds = std::nan("");
  EXPECT_EQ(CategoryOf(bucket->OpenForWriting(options)), ErrorCategory::kInvalidInput);
  options = Logged();
  options.wal_sync_interval_seconds = 1e300;
  ASSERT_TRUE(bucket->OpenForWriting(options).ok());
  ASSERT_TRUE(bucket->Put(Rows(0, 1)).ok());
}

// What an offset costs must not depend on how many rows there are before it: the fragments that are
// opened are those that hold it.
TEST_F(BucketTest, AnOffsetIsReadFromItsFragmentAlone) {
  QueueOptions options;
  options.enable_compaction = false;
  auto bucket = OpenWriter(options);
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(bucket->Put(Rows(i * 10, 10)).ok());
    ASSERT_TRUE(bucket->Flush().ok());
  }
  ASSERT_TRUE(bucket->Close().ok());
  // Only two fragments are left that can be read.
  auto table = Open();
  const QueueInspection inspection = *InspectQueue(folder_ + "/bucket_0", false);
  const auto& fragments = inspection.dataset->fragments();
  for (size_t i = 0; i < fragments.size(); ++i) {
    if (i == 17 || i == 18) continue;
    std::filesystem::remove(folder_ + "/bucket_0/data.lance/data/" + fragments[i].files[0].path);
  }
  EXPECT_EQ(Ids(**table->Get(175, 10)), Counted(175, 185));
  EXPECT_FALSE(table->Get(175, 20).ok());
}

TEST_F(BucketTest, PathsThatAreNotLocalAreRefused) {
  EXPECT_EQ(CategoryOf(QueueBucket::Open("s3://bucket/queue").status()),
            ErrorCategory::kInvalidInput);
}

}  // namespace
}  // namespace lancea::queue
