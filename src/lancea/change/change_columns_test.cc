#include "lancea/change_columns.h"

#include <gtest/gtest.h>

#include <functional>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/compute/initialize.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/error.h"
#include "lancea/io/faulty_store_for_test.h"
#include "lancea/io/memory_store.h"
#include "lancea/table/deletion_file_writer.h"
#include "lancea/table/deletion_vector.h"
#include "lancea/write.h"
#include "lancea/write/write_context.h"

namespace lancea {
namespace {

using Rows = std::shared_ptr<arrow::RecordBatchReader>;

std::shared_ptr<arrow::Array> Numbers(int64_t first, int64_t count) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < count; ++i) EXPECT_TRUE(builder.Append(first + i).ok());
  return *builder.Finish();
}

Rows Column(const std::string& name, int64_t first, int64_t count, bool nullable = true) {
  auto batch =
      arrow::RecordBatch::Make(arrow::schema({arrow::field(name, arrow::int64(), nullable)}), count,
                               {Numbers(first, count)});
  return *arrow::RecordBatchReader::Make({batch}, batch->schema());
}

std::vector<int64_t> Values(const Dataset& dataset, const std::string& name) {
  ScanOptions scan;
  scan.columns = std::vector<std::string>{name};
  auto table = (*dataset.Scan(scan))->ToTable();
  EXPECT_TRUE(table.ok()) << table.status();
  std::vector<int64_t> out;
  for (const auto& chunk : (*table)->column(0)->chunks()) {
    for (int64_t i = 0; i < chunk->length(); ++i) {
      out.push_back(chunk->IsNull(i) ? -1 : std::stoll((*chunk->GetScalar(i))->ToString()));
    }
  }
  return out;
}

/// A table in memory: ids 0 to 19 in two fragments, of which 0, 1, 5 and 9 are deleted.
class ChangeColumnsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(arrow::compute::Initialize().ok()); }
  void SetUp() override { Reset(); }

  void Reset() {
    Host host;
    memory_ = std::make_shared<MemoryObjectStore>();
    store_ = std::make_shared<FaultyStoreForTest>(memory_);
    host.object_store = store_;
    WriteOptions write;
    write.max_rows_per_file = 10;
    write.session = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
    auto created = WriteDataset(Column("id", 0, 20), "table", write);
    ASSERT_TRUE(created.ok()) << created.status();
    auto context = *WriteContext::Make("table", *created, nullptr, {});
    const DeletionVector deleted({{0, 1}, {5, 5}, {9, 9}});
    FragmentMetadata fragment = (*created)->fragments()[0];
    fragment.deletion_file = *WriteDeletionFile(*store_, "table", fragment.id, 1, deleted);
    Transaction transaction;
    transaction.read_version = 1;
    transaction.operation = operation::Delete{{fragment}, {}, "some"};
    auto committed = CommitTransaction("table", *created, transaction, {});
    ASSERT_TRUE(committed.ok()) << committed.status();
    dataset_ = *committed;
    live_ = Values(*dataset_, "id");
    ASSERT_EQ(live_.size(), 16u);
  }

  size_t NumDataFiles() { return memory_->List("table/data")->size(); }

  std::shared_ptr<MemoryObjectStore> memory_;
  std::shared_ptr<FaultyStoreForTest> store_;
  std::shared_ptr<Dataset> dataset_;
  std::vector<int64_t> live_;
};

TEST_F(ChangeColumnsTest, StreamedRowsSkipDeletedOnes) {
  auto added = AddColumns(dataset_, StreamedColumns{Column("new", 100, 16)});
  ASSERT_TRUE(added.ok()) << added.status();
  std::vector<int64_t> expected;
  for (int64_t i = 0; i < 16; ++i) expected.push_back(100 + i);
  EXPECT_EQ(Values(**added, "new"), expected);
  EXPECT_EQ(Values(**added, "id"), live_);
  for (const FragmentMetadata& fragment : (*added)->fragments()) {
    EXPECT_EQ(fragment.physical_rows, 10u);
    ASSERT_EQ(fragment.files.size(), 2u);
    EXPECT_EQ(fragment.files[1].fields, std::vector<int32_t>{1});
  }
  EXPECT_TRUE((*added)->Verify()->empty());
}

TEST_F(ChangeColumnsTest, RequiredColumnsHaveNoNullsWhereRowsAreDeleted) {
  auto added = AddColumns(dataset_, StreamedColumns{Column("new", 0, 16, /*nullable=*/false)});
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_FALSE((*added)->schema()->GetFieldByName("new")->nullable());
  EXPECT_TRUE((*added)->Verify()->empty());
}

TEST_F(ChangeColumnsTest, TooFewAndTooManyRowsLeaveNothingBehind) {
  for (const int64_t count : {0, 3, 15, 17}) {
    auto added = AddColumns(dataset_, StreamedColumns{Column("new", 0, count)});
    EXPECT_EQ(CategoryOf(added.status()), ErrorCategory::kInvalidInput) << count;
    EXPECT_EQ(NumDataFiles(), 2u) << count;
  }
}

TEST_F(ChangeColumnsTest, FunctionsSeeEachFragmentInBatches) {
  ComputedColumns columns;
  columns.output_schema = arrow::schema({arrow::field("copy", arrow::int64())});
  columns.read_columns = std::vector<std::string>{"id"};
  std::vector<std::pair<uint64_t, int64_t>> seen;
  columns.function = [&](uint64_t fragment, uint64_t, const auto& batch) {
    seen.emplace_back(fragment, batch->num_rows());
    return arrow::RecordBatch::Make(columns.output_schema, batch->num_rows(), batch->columns());
  };
  ColumnOptions options;
  options.batch_size = 4;
  auto added = AddColumns(dataset_, columns, options);
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_EQ(Values(**added, "copy"), live_);
  EXPECT_EQ(seen,
            (std::vector<std::pair<uint64_t, int64_t>>{{0, 4}, {0, 2}, {1, 4}, {1, 4}, {1, 2}}));
}

TEST_F(ChangeColumnsTest, WrongResultsOfFunctionsAreRefused) {
  ComputedColumns columns;
  columns.output_schema = arrow::schema({arrow::field("new", arrow::int64())});
  columns.function = [&](uint64_t, uint64_t, const auto&) {
    return arrow::RecordBatch::Make(columns.output_schema, 1, {Numbers(0, 1)});
  };
  auto added = AddColumns(dataset_, columns);
  EXPECT_NE(added.status().message().find("was given 6 rows and returned 1"), std::string::npos);
  EXPECT_EQ(NumDataFiles(), 2u);
}

TEST_F(ChangeColumnsTest, NullColumnsWriteNoFile) {
  auto added = AddColumns(dataset_, NullColumns{arrow::schema({arrow::field("n", arrow::utf8())})});
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_EQ(NumDataFiles(), 2u);
  EXPECT_EQ(Values(**added, "n"), std::vector<int64_t>(16, -1));
}

TEST_F(ChangeColumnsTest, MergedColumnsAreNullWithoutAMatch) {
  auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("key", arrow::int64()), arrow::field("m", arrow::int64())}), 3,
      {Numbers(2, 3), Numbers(70, 3)});
  auto merged = MergeColumns(dataset_, *arrow::RecordBatchReader::Make({batch}), "id", "key");
  ASSERT_TRUE(merged.ok()) << merged.status();
  std::vector<int64_t> expected(16, -1);
  for (size_t i = 0; i < 3; ++i) expected[i] = 70 + static_cast<int64_t>(i);
  EXPECT_EQ(Values(**merged, "m"), expected);
}

TEST_F(ChangeColumnsTest, CastColumnsGetANewIdAndTheOldFileGoes) {
  auto altered = AlterColumns(dataset_, {{"id", "number", {}, arrow::int8()}});
  ASSERT_TRUE(altered.ok()) << altered.status();
  EXPECT_EQ((*altered)->lance_schema().fields[0].id, 1);
  EXPECT_EQ(Values(**altered, "number"), live_);
  EXPECT_EQ((*altered)->fragments()[0].files.size(), 1u);
  EXPECT_TRUE((*altered)->Verify()->empty());
  EXPECT_EQ(Values(*dataset_, "id"), live_);
}

TEST_F(ChangeColumnsTest, IdsContinueBehindThoseOfSchemaAndFiles) {
  const auto schema = arrow::schema({arrow::field("n", arrow::int64())});
  auto added = *AddColumns(dataset_, StreamedColumns{Column("a", 0, 16)});
  auto dropped = DropColumns(added, {"id"});
  ASSERT_TRUE(dropped.ok()) << dropped.status();
  auto again = AddColumns(*dropped, NullColumns{schema});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->lance_schema().fields.back().id, 2);
  EXPECT_EQ(CategoryOf(DropColumns(*again, {"a", "n"}).status()), ErrorCategory::kInvalidInput);
}

TEST_F(ChangeColumnsTest, UpdatedColumnsReplaceTheFileOfOneFragment) {
  auto added = *AddColumns(dataset_, StreamedColumns{Column("a", 0, 16)});
  auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("a", arrow::int64())}), 3,
      {Numbers(4, 3), Numbers(90, 3)});  // 5 is deleted
  auto updated =
      UpdateFragmentColumns(added, 0, *arrow::RecordBatchReader::Make({batch}), "id", "id");
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->fields_modified, std::vector<uint32_t>{1});
  EXPECT_EQ(updated->fragment.files.size(), 2u);
  Transaction transaction;
  transaction.read_version = added->version();
  operation::Update update;
  update.updated_fragments = {updated->fragment};
  update.fields_modified = updated->fields_modified;
  update.mode = operation::Update::Mode::kRewriteColumns;
  transaction.operation = std::move(update);
  auto committed = CommitTransaction("table", added, transaction, {});
  ASSERT_TRUE(committed.ok()) << committed.status();
  auto values = Values(**committed, "a");
  values.resize(6);
  EXPECT_EQ(values, (std::vector<int64_t>{0, 1, 90, 92, 4, 5}));
}

TEST_F(ChangeColumnsTest, WriteErrorsAtEveryCallLeaveTheTableAsItWas) {
  using Change = std::function<arrow::Result<std::shared_ptr<Dataset>>()>;
  const std::vector<Change> changes = {
      [&] { return AddColumns(dataset_, StreamedColumns{Column("new", 0, 16)}); },
      [&] {
        return AlterColumns(dataset_, {{"id", {}, {}, arrow::int16()}});
      },
  };
  for (const Change& change : changes) {
    for (size_t at = 0;; ++at) {
      ASSERT_LT(at, 200u);
      Reset();
      Fault fault;
      fault.at = at;
      store_->Arm(fault);
      auto changed = change();
      const bool struck = store_->has_struck();
      store_->Disarm();
      OpenOptions open;
      open.session = dataset_->session();
      auto latest = Dataset::Open("table", open);
      ASSERT_TRUE(latest.ok()) << latest.status();
      EXPECT_TRUE((*latest)->Verify()->empty()) << at;
      EXPECT_EQ((*latest)->version(), changed.ok() ? 3u : 2u) << at << " " << changed.status();
      if (!changed.ok()) {
        EXPECT_EQ(NumDataFiles(), 2u) << at;
      }
      if (!struck) break;
    }
  }
}

}  // namespace
}  // namespace lancea
