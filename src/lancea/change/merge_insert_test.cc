#include <gtest/gtest.h>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/compute/expression.h"
#include "arrow/compute/initialize.h"
#include "arrow/json/from_string.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "lancea/change/merge_insert_keys.h"
#include "lancea/change/merge_insert_patches.h"
#include "lancea/change/merge_insert_spill.h"
#include "lancea/change/merge_insert_table.h"
#include "lancea/change/row_changes.h"
#include "lancea/change_rows.h"
#include "lancea/error.h"
#include "lancea/io/faulty_store_for_test.h"
#include "lancea/io/memory_store.h"
#include "lancea/write.h"

namespace lancea {
namespace {

std::shared_ptr<arrow::RecordBatch> Rows(const std::vector<int64_t>& ids, int64_t value) {
  arrow::Int64Builder id, v;
  for (int64_t i : ids) {
    EXPECT_TRUE((i < 0 ? id.AppendNull() : id.Append(i)).ok());
    EXPECT_TRUE(v.Append(value).ok());
  }
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("v", arrow::int64())}),
      static_cast<int64_t>(ids.size()), {*id.Finish(), *v.Finish()});
}

std::shared_ptr<arrow::RecordBatchReader> Reader(const std::shared_ptr<arrow::RecordBatch>& rows) {
  return *arrow::RecordBatchReader::Make({rows}, rows->schema());
}

std::vector<int64_t> Column(const Dataset& dataset, const std::string& name) {
  auto table = (*dataset.Scan())->ToTable();
  EXPECT_TRUE(table.ok()) << table.status();
  std::vector<int64_t> out;
  for (const auto& chunk : (*table)->GetColumnByName(name)->chunks()) {
    const auto& values = static_cast<const arrow::Int64Array&>(*chunk);
    for (int64_t i = 0; i < values.length(); ++i) out.push_back(values.Value(i));
  }
  return out;
}

KeyRows Keys(const std::string& json) {
  KeyRows keys;
  keys.columns = {*arrow::json::ArrayFromJSONString(arrow::int64(), json)};
  keys.num_rows = keys.columns[0]->length();
  keys.all_valid = keys.columns[0]->null_count() == 0;
  for (int64_t i = 0; !keys.all_valid && i < keys.num_rows; ++i) {
    if (keys.columns[0]->IsValid(i)) keys.valid.push_back(static_cast<int32_t>(i));
  }
  return keys;
}

TEST(MergeKeyTable, ChainsRowsWithEqualKeysInOrderAndLeavesNullsOut) {
  auto table = *MergeKeyTable::Make({arrow::int64()}, arrow::default_memory_pool());
  ASSERT_TRUE(table->Add(Keys("[7, 9, 7, null]")).ok());
  ASSERT_TRUE(table->Add(Keys("[9, 7]")).ok());
  std::vector<MergeKeyTable::Hit> hits;
  for (const bool most_match : {true, false}) {
    ASSERT_TRUE(table->Lookup(Keys("[null, 8, 7]"), most_match, &hits).ok());
    ASSERT_EQ(hits.size(), 1);
  }
  EXPECT_EQ(hits[0].row, 2);
  std::vector<uint32_t> rows;
  for (uint32_t row = table->FirstRow(hits[0].group); row != MergeKeyTable::kNone;
       row = table->NextRow(row)) {
    rows.push_back(row);
  }
  EXPECT_EQ(rows, (std::vector<uint32_t>{0, 2, 5}));
  EXPECT_EQ(table->GroupOfRow(3), MergeKeyTable::kNone);
}

TEST(PartitionedSpill, GivesBackEveryRowInThePartitionOfItsHash) {
  const auto rows = Rows({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 1);
  std::vector<uint64_t> hashes;
  for (uint64_t i = 0; i < 10; ++i) hashes.push_back((i % 3) << 58);
  for (const uint64_t buffer_bytes : {uint64_t{1}, uint64_t{1} << 20}) {
    PartitionedSpill spill(testing::TempDir(), rows->schema(), buffer_bytes,
                           arrow::default_memory_pool());
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(spill.Write(rows, hashes).ok());
    ASSERT_TRUE(spill.Finish().ok());
    EXPECT_EQ(*spill.Read(3), nullptr);
    EXPECT_EQ(spill.num_bytes() > 0, buffer_bytes == 1);
    for (int reads = 0; reads < 2; ++reads) {
      auto table = (*spill.Read(1))->ToTable();
      ASSERT_TRUE(table.ok()) << table.status();
      EXPECT_EQ(
          (*(*table)->CombineChunks())->column(0)->chunk(0)->ToString(),
          (*arrow::json::ArrayFromJSONString(arrow::int64(), "[1, 4, 7, 1, 4, 7]"))->ToString());
    }
  }
}

TEST(MergePatches, AreGivenBackInTheOrderOfAddresses) {
  const auto schema = arrow::schema({arrow::field("_rowaddr", arrow::uint64())});
  auto batch = [&](const std::string& json) {
    auto addresses = *arrow::json::ArrayFromJSONString(arrow::uint64(), json);
    return arrow::RecordBatch::Make(schema, addresses->length(), {addresses});
  };
  std::vector<FragmentMetadata> fragments(2);
  fragments[0].id = 7;
  fragments[1].id = 0;
  for (FragmentMetadata& fragment : fragments) fragment.physical_rows = 1000;
  const uint64_t second = uint64_t{7} << 32;  // 30064771072
  for (const uint64_t limit : {uint64_t{1}, uint64_t{1} << 20}) {
    MergePatches patches(fragments, schema,
                         {limit, testing::TempDir(), arrow::default_memory_pool()});
    ASSERT_TRUE(patches.Add(batch("[900, 30064771075, 5]")).ok());
    ASSERT_TRUE(patches.Add(batch("[30064771072, 4]")).ok());
    ASSERT_TRUE(patches.Finish().ok());
    EXPECT_EQ(patches.fragments(), (std::map<uint64_t, uint64_t>{{0, 3}, {7, 2}}));
    auto text = [&](uint64_t last) {
      auto rows = patches.TakeThrough(last);
      return rows.ok() ? (*rows)->column(0)->ToString() : rows.status().ToString();
    };
    EXPECT_EQ(text(4), batch("[4]")->column(0)->ToString());
    EXPECT_EQ(text(899), batch("[5]")->column(0)->ToString());
    EXPECT_EQ(text(899), batch("[]")->column(0)->ToString());
    EXPECT_EQ(text(second + 999), batch("[900, 30064771072, 30064771075]")->column(0)->ToString());
  }
}

TEST(RowCollector, JoinsRowsGivenInAnyOrder) {
  RowCollector rows;
  const uint64_t second = uint64_t{1} << 32;
  for (uint64_t address : {second + 5, second + 3, uint64_t{0}, uint64_t{1}, second + 4}) {
    rows.Add(address);
  }
  EXPECT_EQ(rows.num_rows(), 5);
  EXPECT_EQ(rows.Finish(), (AffectedRows{{0, {{0, 1}}}, {1, {{3, 5}}}}));
}

class ChangeRowsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(arrow::compute::Initialize().ok());
    Host host;
    store_ = std::make_shared<FaultyStoreForTest>(std::make_shared<MemoryObjectStore>());
    host.object_store = store_;
    WriteOptions options;
    options.session = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
    options.max_rows_per_file = 4;
    auto written = WriteDataset(Reader(Rows({0, 1, 2, 3, 4, 5, 6, 7}, 0)), "table", options);
    ASSERT_TRUE(written.ok()) << written.status();
    dataset_ = *written;
  }
  static RowFilter Below(int64_t id) {
    RowFilter filter;
    filter.expression = std::make_shared<const arrow::compute::Expression>(
        arrow::compute::less(arrow::compute::field_ref("id"), arrow::compute::literal(id)));
    return filter;
  }
  std::shared_ptr<FaultyStoreForTest> store_;
  std::shared_ptr<Dataset> dataset_;
};

TEST_F(ChangeRowsTest, DeletesDropWholeFragments) {
  auto deleted = DeleteRows(dataset_, Below(6));
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(deleted->num_deleted_rows, 6);
  EXPECT_EQ(Column(*deleted->dataset, "id"), (std::vector<int64_t>{6, 7}));
  ASSERT_EQ(deleted->dataset->fragments().size(), 1);
  EXPECT_EQ(deleted->dataset->fragments()[0].num_deletions(), 2);
  EXPECT_TRUE(deleted->dataset->Verify()->empty());
}

TEST_F(ChangeRowsTest, TheSameRowsAreDeletedOnceByTwoWriters) {
  ASSERT_TRUE(DeleteRows(dataset_, Below(2)).ok());
  auto again = DeleteRows(dataset_, Below(3));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->num_deleted_rows, 1);
  ChangeOptions once;
  once.conflict_retries = 0;
  auto refused = DeleteRows(dataset_, Below(3), once);
  EXPECT_EQ(CategoryOf(refused.status()), ErrorCategory::kRetryableConflict) << refused.status();
}

TEST_F(ChangeRowsTest, UpsertsReplaceInsertAndKeepNullKeysApart) {
  MergeInsertOptions options;
  options.on = {"ID"};
  options.when_matched = MergeInsertOptions::WhenMatched::kUpdateAll;
  for (std::optional<uint64_t> limit : {std::optional<uint64_t>(), std::optional<uint64_t>(1)}) {
    options.memory_limit = limit;
    options.spill_directory = testing::TempDir();
    auto merged = MergeInsert(dataset_, Reader(Rows({9, 3, -1, -1}, 5)), options);
    ASSERT_TRUE(merged.ok()) << merged.status();
    EXPECT_EQ(merged->stats.num_updated_rows, 1);
    EXPECT_EQ(merged->stats.num_inserted_rows, 3);
    EXPECT_EQ(merged->stats.num_spilled_bytes > 0, limit.has_value());
    auto values = Column(*merged->dataset, "v");
    EXPECT_EQ(std::count(values.begin(), values.end(), 5), 4);
    EXPECT_EQ(values.size(), 11);
    dataset_ = *(*dataset_->Checkout(uint64_t{1}))->Restore();
  }
}

TEST_F(ChangeRowsTest, ChangesThatFailLeaveNoFiles) {
  MergeInsertOptions options;
  options.on = {"id"};
  options.when_matched = MergeInsertOptions::WhenMatched::kUpdateAll;
  auto refused = MergeInsert(dataset_, Reader(Rows({3, 3}, 5)), options);
  EXPECT_EQ(CategoryOf(refused.status()), ErrorCategory::kInvalidInput) << refused.status();
  EXPECT_EQ(*dataset_->LatestVersion(), 1);
  EXPECT_EQ(store_->List("table/data")->size(), 2);
}

}  // namespace
}  // namespace lancea
