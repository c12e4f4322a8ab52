#include "lancea/compaction.h"

#include <gtest/gtest.h>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/cleanup.h"
#include "lancea/dataset.h"
#include "lancea/error.h"
#include "lancea/health.h"
#include "lancea/io/faulty_store_for_test.h"
#include "lancea/io/memory_store.h"
#include "lancea/table/deletion_file_writer.h"
#include "lancea/write.h"

namespace lancea {
namespace {

std::shared_ptr<arrow::RecordBatchReader> Rows(int64_t first, int64_t count) {
  arrow::Int64Builder ids;
  arrow::StringBuilder texts;
  for (int64_t i = first; i < first + count; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE((i % 5 == 3 ? texts.AppendNull() : texts.Append("row " + std::to_string(i))).ok());
  }
  const auto schema = arrow::schema(
      {arrow::field("id", arrow::int64(), false), arrow::field("text", arrow::utf8())});
  const auto batch = arrow::RecordBatch::Make(schema, count, {*ids.Finish(), *texts.Finish()});
  return *arrow::RecordBatchReader::Make({batch}, schema);
}

std::vector<int64_t> Column(const Dataset& dataset, const std::string& name) {
  ScanOptions options;
  options.columns = {name};
  auto table = (*dataset.Scan(options))->ToTable();
  EXPECT_TRUE(table.ok()) << table.status();
  std::vector<int64_t> out;
  for (const auto& chunk : (*table)->column(0)->chunks()) {
    for (int64_t i = 0; i < chunk->length(); ++i) {
      out.push_back(chunk->data()->GetValues<int64_t>(1)[i]);
    }
  }
  return out;
}

std::vector<int64_t> Counted(int64_t begin, int64_t end, int64_t left_out = -1) {
  std::vector<int64_t> out;
  for (int64_t i = begin; i < end; ++i) {
    if (i != left_out) out.push_back(i);
  }
  return out;
}

// Tables in memory, seen through a store that can be made to fail.
class CompactionTest : public testing::Test {
 protected:
  void SetUp() override {
    Host host;
    store_ = std::make_shared<FaultyStoreForTest>(std::make_shared<MemoryObjectStore>());
    host.object_store = store_;
    session_ = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
  }

  std::shared_ptr<Dataset> Append(int64_t first, int64_t count, bool stable_row_ids = false) {
    WriteOptions options;
    options.mode = WriteMode::kAppend;
    options.session = session_;
    options.enable_stable_row_ids = stable_row_ids;
    auto written = WriteDataset(Rows(first, count), "table", options);
    EXPECT_TRUE(written.ok()) << written.status();
    return *written;
  }

  std::shared_ptr<Dataset> MakeTable(int num_fragments, int64_t rows, bool stable_row_ids = false) {
    std::shared_ptr<Dataset> dataset;
    for (int i = 0; i < num_fragments; ++i) dataset = Append(i * rows, rows, stable_row_ids);
    return dataset;
  }

  // Delete rows of one fragment.
  std::shared_ptr<Dataset> Delete(const std::shared_ptr<Dataset>& dataset, size_t index,
                                  std::vector<ValueRange> rows) {
    FragmentMetadata fragment = dataset->fragments()[index];
    auto file =
        WriteDeletionFile(*store_, "table", fragment.id, dataset->version(), DeletionVector(rows));
    EXPECT_TRUE(file.ok()) << file.status();
    fragment.deletion_file = *file;
    Transaction transaction;
    transaction.read_version = dataset->version();
    transaction.operation = operation::Delete{{fragment}, {}, "some"};
    auto committed = CommitTransaction("table", dataset, transaction);
    EXPECT_TRUE(committed.ok()) << committed.status();
    return *committed;
  }

  arrow::Result<std::shared_ptr<Dataset>> Open() {
    OpenOptions options;
    options.session = session_;
    return Dataset::Open("table", options);
  }

  std::shared_ptr<FaultyStoreForTest> store_;
  std::shared_ptr<Session> session_;
};

TEST_F(CompactionTest, LeavesTheCacheToQueries) {
  const auto dataset = MakeTable(10, 100);
  session_->ClearCache();
  ASSERT_TRUE(CompactFiles(dataset).ok());
  EXPECT_FALSE(session_->cache_use().contains("file"));
}

TEST_F(CompactionTest, CountsWhatItReads) {
  const auto dataset = MakeTable(10, 100);
  const auto before = dataset->io_statistics();
  ASSERT_TRUE(CompactFiles(dataset).ok());
  EXPECT_GT(dataset->io_statistics().bytes_read, before.bytes_read);
}

TEST_F(CompactionTest, JoinsSmallFragments) {
  auto dataset = MakeTable(5, 10);
  auto compacted = CompactFiles(dataset);
  ASSERT_TRUE(compacted.ok()) << compacted.status();
  EXPECT_EQ(compacted->metrics, (CompactionMetrics{5, 1, 5, 1}));
  EXPECT_EQ(compacted->dataset->version(), dataset->version() + 2) << "ids are reserved first";
  EXPECT_EQ(compacted->dataset->fragments().size(), 1u);
  EXPECT_EQ(Column(*compacted->dataset, "id"), Counted(0, 50));
  EXPECT_TRUE(compacted->dataset->Verify()->empty());
  auto again = CompactFiles(compacted->dataset);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->dataset, compacted->dataset) << "nothing to do is no version";
}

TEST_F(CompactionTest, KeepsRowIdsAndVersions) {
  auto dataset = Delete(MakeTable(4, 10, true), 1, {{2, 2}});
  const auto ids = Column(*dataset, "_rowid");
  const auto created = Column(*dataset, "_row_created_at_version");
  CompactionOptions options;
  options.target_rows_per_fragment = 19;
  auto compacted = CompactFiles(dataset, options);
  ASSERT_TRUE(compacted.ok()) << compacted.status();
  EXPECT_EQ(compacted->dataset->fragments().size(), 2u);
  EXPECT_EQ(compacted->dataset->CountDeletedRows().ValueOrDie(), 0);
  EXPECT_EQ(Column(*compacted->dataset, "id"), Counted(0, 40, 12));
  EXPECT_EQ(Column(*compacted->dataset, "_rowid"), ids);
  EXPECT_EQ(Column(*compacted->dataset, "_row_created_at_version"), created);
  EXPECT_TRUE(compacted->dataset->Verify()->empty());
}

TEST_F(CompactionTest, AFailureAtAnyCallLeavesTheRowsAndTheTableUsable) {
  using Kind = Fault::Kind;
  for (const Kind kind : {Kind::kFail, Kind::kLostReply, Kind::kTorn}) {
    for (size_t at = 0;; ++at) {
      SetUp();
      auto dataset = Delete(MakeTable(3, 10, true), 1, {{0, 3}});
      Fault fault;
      fault.at = at;
      fault.kind = kind;
      store_->Arm(fault);
      auto compacted = CompactFiles(dataset);
      const bool struck = store_->has_struck();
      store_->Disarm();
      auto found = Open();
      ASSERT_TRUE(found.ok()) << found.status();
      auto expected = Counted(0, 10);
      for (int64_t id : Counted(14, 30)) expected.push_back(id);
      EXPECT_EQ(Column(**found, "id"), expected) << "call " << at;
      EXPECT_TRUE((*found)->Verify()->empty()) << "call " << at;
      auto again = CompactFiles(*found);
      EXPECT_TRUE(again.ok()) << again.status();
      if (!struck) break;
      ASSERT_LT(at, 100u);
    }
  }
}

TEST_F(CompactionTest, AFailureLeavesNoFiles) {
  auto dataset = MakeTable(3, 10);
  store_->Arm({.at = 0, .only = WriteCall::kPutIfAbsent});
  ASSERT_FALSE(CompactFiles(dataset).ok());
  store_->Disarm();
  EXPECT_EQ((*Open())->version(), dataset->version());
  for (const RemovedFile& file : *FindOrphans(*dataset)) {
    EXPECT_EQ(file.kind, RemovedFile::Kind::kTransaction) << file.path;
  }
}

TEST_F(CompactionTest, AStopLeavesNoFiles) {
  auto dataset = MakeTable(3, 10);
  arrow::StopSource source;
  CompactionRun run;
  run.stop = source.token();
  run.progress = [&](const CompactionProgress&) {
    source.RequestStop();
    return arrow::Status::OK();
  };
  auto compacted = CompactFiles(dataset, {}, run);
  EXPECT_TRUE(compacted.status().IsCancelled()) << compacted.status();
  EXPECT_TRUE(FindOrphans(*dataset)->empty());
}

TEST_F(CompactionTest, RowsDeletedMeanwhileAreAConflict) {
  auto dataset = MakeTable(3, 10);
  auto plan = PlanCompaction(*dataset, {});
  ASSERT_TRUE(plan.ok());
  auto result = ExecuteCompaction(*dataset, plan->Task(0));
  ASSERT_TRUE(result.ok()) << result.status();
  Delete(dataset, 2, {{0, 0}});
  auto committed = CommitCompaction(dataset, {*result});
  EXPECT_EQ(CategoryOf(committed.status()), ErrorCategory::kRetryableConflict)
      << committed.status();
  EXPECT_EQ(Column(**Open(), "id"), Counted(0, 30, 20));
}

TEST_F(CompactionTest, ATaskIsExecutedOnTheVersionItWasPlannedOn) {
  auto dataset = MakeTable(3, 10);
  auto plan = PlanCompaction(*dataset, {});
  auto task = CompactionTask::FromJson(plan->Task(0).ToJson());
  ASSERT_TRUE(task.ok()) << task.status();
  auto later = Append(30, 5);
  auto result = ExecuteCompaction(*later, *task);
  ASSERT_TRUE(result.ok()) << result.status();
  auto copied = RewriteResult::FromJson(result->ToJson());
  ASSERT_TRUE(copied.ok()) << copied.status();
  auto committed = CommitCompaction(later, {*copied});
  ASSERT_TRUE(committed.ok()) << committed.status();
  auto ids = Column(*committed->dataset, "id");
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(ids, Counted(0, 35));
  EXPECT_FALSE(CommitCompaction(committed->dataset, {*copied, *copied}).ok());
}

TEST_F(CompactionTest, AVersionWhoseManifestStaysKeepsItsFiles) {
  auto dataset = CompactFiles(MakeTable(3, 10))->dataset;
  CleanupOptions options;
  options.retain_versions = 1;
  options.delete_concurrency = 1;
  // The first version's manifest is the first to go.
  store_->Arm({.at = 0, .only = WriteCall::kDelete});
  auto cleaned = CleanupOldVersions(*dataset, options);
  store_->Disarm();
  ASSERT_TRUE(cleaned.ok()) << cleaned.status();
  EXPECT_EQ(cleaned->failed_deletes, 1u);
  EXPECT_EQ(cleaned->old_versions, 3u);
  auto first = dataset->Checkout(uint64_t{1});
  ASSERT_TRUE(first.ok()) << first.status();
  session_->ClearCache();
  EXPECT_EQ(Column(**first, "id"), Counted(0, 10));
  auto again = CleanupOldVersions(*dataset, options);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->old_versions, 1u);
  EXPECT_TRUE(FindOrphans(*dataset)->empty());
}

TEST_F(CompactionTest, HealthCountsWhatTheStepsThenDo) {
  auto dataset = Delete(MakeTable(4, 10), 3, {{0, 4}});
  auto health = CheckHealth(*dataset);
  ASSERT_TRUE(health.ok()) << health.status();
  EXPECT_EQ(health->num_rows, 35u);
  EXPECT_EQ(health->num_deleted_rows, 5u);
  EXPECT_EQ(health->compaction_fragments, 4u);
  EXPECT_EQ(health->compaction_fragments_after, 1u);
  EXPECT_EQ(health->compaction_deleted_rows, 5u);
  auto compacted = CompactFiles(dataset);
  ASSERT_TRUE(compacted.ok());
  EXPECT_EQ(compacted->metrics.fragments_removed, health->compaction_fragments);
  health = CheckHealth(*compacted->dataset);
  CleanupOptions options;
  options.retain_versions = 1;
  EXPECT_EQ(CleanupOldVersions(*compacted->dataset, options)->bytes_removed, health->old_bytes);
}

}  // namespace
}  // namespace lancea
