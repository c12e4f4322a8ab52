// Every changing operation, broken at every call that writes: the table opens, shows the rows of before or
// of after and nothing else, takes the change when it is tried again, and can be cleaned.
#include <gtest/gtest.h>

#include <map>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/compute/initialize.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "lancea/change_columns.h"
#include "lancea/change_rows.h"
#include "lancea/cleanup.h"
#include "lancea/compaction.h"
#include "lancea/io/faulty_store_for_test.h"
#include "lancea/io/memory_store.h"
#include "lancea/write.h"

namespace lancea {
namespace {

using Rows = std::map<int64_t, int64_t>;
using DatasetPtr = std::shared_ptr<Dataset>;

std::shared_ptr<arrow::RecordBatchReader> Reader(const Rows& rows) {
  arrow::Int64Builder ids, values;
  for (const auto& [id, value] : rows) {
    EXPECT_TRUE(ids.Append(id).ok() && values.Append(value).ok());
  }
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("value", arrow::int64())});
  const auto batch = arrow::RecordBatch::Make(schema, static_cast<int64_t>(rows.size()),
                                              {*ids.Finish(), *values.Finish()});
  return *arrow::RecordBatchReader::Make({batch}, schema);
}

Rows Numbered(int64_t begin, int64_t end) {
  Rows rows;
  for (int64_t i = begin; i < end; ++i) rows[i] = i * 10;
  return rows;
}

struct Operation {
  const char* name;
  std::function<arrow::Result<DatasetPtr>(const DatasetPtr&)> run;
  Rows after;
};

arrow::Result<DatasetPtr> Merge(const DatasetPtr& dataset) {
  MergeInsertOptions options;
  options.on = {"id"};
  options.when_matched = MergeInsertOptions::WhenMatched::kUpdateAll;
  ARROW_ASSIGN_OR_RAISE(auto merged, MergeInsert(dataset, Reader({{3, -3}, {100, -1}}), options));
  return merged.dataset;
}

arrow::Result<DatasetPtr> Compact(const DatasetPtr& dataset, CompactionMode mode) {
  CompactionOptions options;
  options.mode = mode;
  ARROW_ASSIGN_OR_RAISE(auto compacted, CompactFiles(dataset, options));
  return compacted.dataset;
}

arrow::Result<DatasetPtr> Clean(const DatasetPtr& dataset) {
  CleanupOptions options;
  options.retain_versions = 1;
  options.delete_concurrency = 1;
  ARROW_ASSIGN_OR_RAISE(auto cleaned, CleanupOldVersions(*dataset, options));
  if (cleaned.failed_deletes > 0) return arrow::Status::IOError("some files stayed");
  return dataset;
}

std::vector<Operation> Operations() {
  const Rows all = Numbered(0, 30);
  Rows deleted = all, updated = all, merged = all;
  for (int64_t id : {4, 5, 25}) deleted.erase(id);
  for (int64_t id : {4, 5, 25}) updated[id] += 7;
  merged[3] = -3;
  merged[100] = -1;
  const RowFilter some = RowFilter::Sql("id IN (4, 5, 25)");
  return {
      {"Delete",
       [=](const DatasetPtr& dataset) -> arrow::Result<DatasetPtr> {
         ARROW_ASSIGN_OR_RAISE(auto result, DeleteRows(dataset, some));
         return result.dataset;
       },
       deleted},
      {"Update",
       [=](const DatasetPtr& dataset) -> arrow::Result<DatasetPtr> {
         ARROW_ASSIGN_OR_RAISE(auto result, UpdateRows(dataset, {{"value", "value + 7"}}, some));
         return result.dataset;
       },
       updated},
      {"MergeInsert", &Merge, merged},
      {"AddColumns",
       [](const DatasetPtr& dataset) {
         return AddColumns(dataset, SqlColumns{{{"twice", "value * 2"}}});
       },
       all},
      {"Compact",
       [](const DatasetPtr& dataset) { return Compact(dataset, CompactionMode::kReencode); }, all},
      {"CompactByCopy",
       [](const DatasetPtr& dataset) { return Compact(dataset, CompactionMode::kForceBinaryCopy); },
       all},
      {"Cleanup", &Clean, all},
  };
}

class ChangeFaults : public testing::TestWithParam<std::tuple<size_t, Fault::Kind>> {
 protected:
  void SetUp() override { ASSERT_TRUE(arrow::compute::Initialize().ok()); }

  DatasetPtr NewTable() {
    store_ = std::make_shared<FaultyStoreForTest>(std::make_shared<MemoryObjectStore>());
    Host host;
    host.object_store = store_;
    session_ = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
    DatasetPtr dataset;
    for (int64_t first = 0; first < 30; first += 10) {
      WriteOptions options;
      options.mode = WriteMode::kAppend;
      options.session = session_;
      options.enable_stable_row_ids = true;
      auto written = WriteDataset(Reader(Numbered(first, first + 10)), "table", options);
      EXPECT_TRUE(written.ok()) << written.status();
      dataset = *written;
    }
    return dataset;
  }

  DatasetPtr Open() {
    session_->ClearCache();
    OpenOptions options;
    options.session = session_;
    auto opened = Dataset::Open("table", options);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *opened;
  }

  static Rows RowsOf(const Dataset& dataset) {
    auto table = (*dataset.Scan())->ToTable();
    EXPECT_TRUE(table.ok()) << table.status();
    Rows rows;
    auto combined = *(*table)->CombineChunks();
    const auto* ids = combined->GetColumnByName("id")->chunk(0)->data()->GetValues<int64_t>(1);
    const auto* values =
        combined->GetColumnByName("value")->chunk(0)->data()->GetValues<int64_t>(1);
    for (int64_t i = 0; i < combined->num_rows(); ++i) {
      EXPECT_TRUE(rows.emplace(ids[i], values[i]).second) << "row " << ids[i] << " twice";
    }
    return rows;
  }

  std::shared_ptr<FaultyStoreForTest> store_;
  std::shared_ptr<Session> session_;
};

TEST_P(ChangeFaults, AtAnyCallLeaveTheRowsOfBeforeOrAfter) {
  const auto [index, kind] = GetParam();
  const Operation operation = Operations()[index];
  const Rows before = Numbered(0, 30);
  for (size_t at = 0;; ++at) {
    auto dataset = NewTable();
    store_->Arm({.at = at, .kind = kind});
    const auto changed = operation.run(dataset);
    const bool struck = store_->has_struck();
    store_->Disarm();
    auto found = Open();
    const Rows rows = RowsOf(*found);
    EXPECT_TRUE(rows == before || rows == operation.after) << "call " << at;
    if (changed.ok()) {
      EXPECT_EQ(rows, operation.after) << "call " << at;
    }
    EXPECT_TRUE(found->Verify()->empty()) << "call " << at;
    // The version that was open stays readable, but for the cleanup that was to remove others.
    EXPECT_EQ(RowsOf(*dataset), before) << "call " << at;
    if (rows == before && operation.after != before) {
      auto again = operation.run(found);
      ASSERT_TRUE(again.ok()) << again.status();
      EXPECT_EQ(RowsOf(**again), operation.after) << "call " << at;
    }
    CleanupOptions options;
    options.retain_versions = 1;
    options.delete_unverified = true;
    found = Open();
    ASSERT_TRUE(CleanupOldVersions(*found, options).ok()) << "call " << at;
    EXPECT_TRUE(FindOrphans(*found)->empty()) << "call " << at;
    EXPECT_EQ(RowsOf(*Open()), operation.after) << "call " << at;
    EXPECT_TRUE(Open()->Verify()->empty()) << "call " << at;
    if (!struck) break;
    ASSERT_LT(at, 200u);
  }
}

std::string NameOf(const testing::TestParamInfo<ChangeFaults::ParamType>& info) {
  static const char* const kKinds[] = {"Fail", "LostReply", "Torn"};
  return std::string(Operations()[std::get<0>(info.param)].name) +
         kKinds[static_cast<int>(std::get<1>(info.param))];
}

INSTANTIATE_TEST_SUITE_P(All, ChangeFaults,
                         testing::Combine(testing::Range<size_t>(0, 7),
                                          testing::Values(Fault::Kind::kFail,
                                                          Fault::Kind::kLostReply,
                                                          Fault::Kind::kTorn)),
                         NameOf);

}  // namespace
}  // namespace lancea
