#include "lancea/write.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/cleanup.h"
#include "lancea/error.h"
#include "lancea/io/faulty_store_for_test.h"
#include "lancea/io/memory_store.h"

namespace lancea {
namespace {

std::shared_ptr<arrow::RecordBatch> Rows(int64_t first, int64_t count) {
  arrow::Int64Builder ids;
  arrow::StringBuilder texts;
  for (int64_t i = first; i < first + count; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE(i % 5 == 3 ? texts.AppendNull().ok()
                           : texts.Append("row " + std::to_string(i)).ok());
  }
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("id", arrow::int64(), false),
                                                 arrow::field("text", arrow::utf8())}),
                                  count, {*ids.Finish(), *texts.Finish()});
}

std::shared_ptr<arrow::RecordBatchReader> Reader(const arrow::RecordBatchVector& batches) {
  return *arrow::RecordBatchReader::Make(batches, batches[0]->schema());
}

std::vector<int64_t> Ids(const Dataset& dataset) {
  auto scanner = *dataset.Scan();
  auto table = scanner->ToTable();
  EXPECT_TRUE(table.ok()) << table.status();
  std::vector<int64_t> out;
  for (const auto& chunk : (*table)->GetColumnByName("id")->chunks()) {
    const auto& ids = static_cast<const arrow::Int64Array&>(*chunk);
    for (int64_t i = 0; i < ids.length(); ++i) out.push_back(ids.Value(i));
  }
  return out;
}

std::vector<int64_t> Counted(int64_t begin, int64_t end) {
  std::vector<int64_t> out;
  for (int64_t i = begin; i < end; ++i) out.push_back(i);
  return out;
}

// A table in memory, seen through a store that can be made to fail.
class WriteTest : public testing::Test {
 protected:
  void SetUp() override {
    Host host;
    store_ = std::make_shared<FaultyStoreForTest>(std::make_shared<MemoryObjectStore>());
    host.object_store = store_;
    session_ = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
  }
  WriteOptions Options(WriteMode mode) {
    WriteOptions options;
    options.mode = mode;
    options.session = session_;
    return options;
  }
  arrow::Result<std::shared_ptr<Dataset>> Open() {
    OpenOptions options;
    options.session = session_;
    return Dataset::Open("table", options);
  }
  std::shared_ptr<FaultyStoreForTest> store_;
  std::shared_ptr<Session> session_;
};

TEST_F(WriteTest, CreateAppendAndOverwriteMakeOneVersionEach) {
  auto created = WriteDataset(Reader({Rows(0, 10)}), "table", Options(WriteMode::kCreate));
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ((*created)->version(), 1);
  auto appended =
      WriteDataset(Reader({Rows(10, 5), Rows(15, 5)}), "table", Options(WriteMode::kAppend));
  ASSERT_TRUE(appended.ok()) << appended.status();
  EXPECT_EQ((*appended)->version(), 2);
  EXPECT_EQ(Ids(**appended), Counted(0, 20));
  auto overwritten = WriteDataset(Reader({Rows(7, 3)}), *appended, Options(WriteMode::kOverwrite));
  ASSERT_TRUE(overwritten.ok()) << overwritten.status();
  EXPECT_EQ(Ids(**overwritten), Counted(7, 10));
  auto old = (*overwritten)->Checkout(uint64_t{2});
  ASSERT_TRUE(old.ok()) << old.status();
  EXPECT_EQ(Ids(**old), Counted(0, 20));
  EXPECT_TRUE((*overwritten)->Verify()->empty());
}

TEST_F(WriteTest, CreatingATableThatIsThereIsRefused) {
  ASSERT_TRUE(WriteDataset(Reader({Rows(0, 1)}), "table", Options(WriteMode::kCreate)).ok());
  auto again = WriteDataset(Reader({Rows(0, 1)}), "table", Options(WriteMode::kCreate));
  EXPECT_EQ(CategoryOf(again.status()), ErrorCategory::kAlreadyExists) << again.status();
}

TEST_F(WriteTest, FilesEndAtTheRowLimit) {
  WriteOptions options = Options(WriteMode::kCreate);
  options.max_rows_per_file = 7;
  auto dataset = WriteDataset(Reader({Rows(0, 10), Rows(10, 10)}), "table", options);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  std::vector<uint64_t> rows;
  for (const auto& fragment : (*dataset)->fragments()) rows.push_back(fragment.physical_rows);
  EXPECT_EQ(rows, (std::vector<uint64_t>{7, 7, 6}));
  EXPECT_EQ(Ids(**dataset), Counted(0, 20));
}

TEST_F(WriteTest, RowsThatDoNotFitAreRefusedWithEveryDifference) {
  ASSERT_TRUE(WriteDataset(Reader({Rows(0, 3)}), "table", Options(WriteMode::kCreate)).ok());
  arrow::DoubleBuilder numbers;
  ASSERT_TRUE(numbers.Append(1).ok());
  auto array = *numbers.Finish();
  auto other = arrow::RecordBatch::Make(arrow::schema({arrow::field("text", arrow::float64()),
                                                       arrow::field("more", arrow::float64())}),
                                        1, {array, array});
  auto result = WriteDataset(Reader({other}), "table", Options(WriteMode::kAppend));
  ASSERT_FALSE(result.ok());
  for (const char* part : {"`text` should have type string", "missing=[id]", "unexpected=[more]"}) {
    EXPECT_NE(result.status().message().find(part), std::string::npos) << result.status();
  }
}

TEST_F(WriteTest, ColumnsThatRowsLackReadAsNull) {
  ASSERT_TRUE(WriteDataset(Reader({Rows(0, 3)}), "table", Options(WriteMode::kCreate)).ok());
  auto ids = Rows(3, 2)->SelectColumns({0});
  auto dataset = WriteDataset(Reader({*ids}), "table", Options(WriteMode::kAppend));
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  auto scanner = *(*dataset)->Scan();
  auto table = *scanner->ToTable();
  EXPECT_EQ(table->GetColumnByName("text")->Slice(3)->null_count(), 2);
}

// What every fault must leave: the old version or the new one, whole, and a table that can be written to.
TEST_F(WriteTest, AFaultInAnyWriteLeavesTheOldOrTheNewVersion) {
  for (const auto kind : {Fault::Kind::kFail, Fault::Kind::kLostReply, Fault::Kind::kTorn}) {
    for (const bool for_good : {false, true}) {
      for (size_t at = 0;; ++at) {
        SetUp();
        ASSERT_TRUE(WriteDataset(Reader({Rows(0, 4)}), "table", Options(WriteMode::kCreate)).ok());
        Fault fault;
        fault.at = at;
        fault.kind = kind;
        fault.for_good = for_good;
        fault.torn_bytes = 5;
        store_->Arm(fault);
        auto result = WriteDataset(Reader({Rows(4, 4)}), "table", Options(WriteMode::kAppend));
        const bool struck = store_->has_struck();
        store_->Disarm();
        auto dataset = Open();
        ASSERT_TRUE(dataset.ok()) << dataset.status();
        const auto ids = Ids(**dataset);
        if (result.ok()) {
          EXPECT_EQ(ids, Counted(0, 8)) << "call " << at;
        } else {
          EXPECT_TRUE(ids == Counted(0, 4) || ids == Counted(0, 8)) << "call " << at;
        }
        EXPECT_TRUE((*dataset)->Verify()->empty());
        auto next = WriteDataset(Reader({Rows(100, 1)}), "table", Options(WriteMode::kAppend));
        EXPECT_TRUE(next.ok()) << next.status();
        if (!struck) break;
        ASSERT_LT(at, 100u);
      }
    }
  }
}

TEST_F(WriteTest, AStreamThatFailsLeavesNoFiles) {
  ASSERT_TRUE(WriteDataset(Reader({Rows(0, 4)}), "table", Options(WriteMode::kCreate)).ok());
  class Failing : public arrow::RecordBatchReader {
   public:
    std::shared_ptr<arrow::Schema> schema() const override { return Rows(0, 1)->schema(); }
    arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
      if (++calls_ == 4) return arrow::Status::IOError("the source broke");
      *batch = Rows(calls_ * 10, 10);
      return arrow::Status::OK();
    }
    int calls_ = 0;
  };
  WriteOptions options = Options(WriteMode::kAppend);
  options.max_rows_per_file = 8;
  auto result = WriteDataset(std::make_shared<Failing>(), "table", options);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.status().message().find("the source broke"), std::string::npos);
  auto dataset = Open();
  ASSERT_TRUE(dataset.ok());
  EXPECT_EQ((*dataset)->version(), 1);
  auto orphans = FindOrphans(**dataset);
  ASSERT_TRUE(orphans.ok()) << orphans.status();
  EXPECT_TRUE(orphans->empty());
}

TEST_F(WriteTest, CleanupRemovesOldVersionsAndWhatOnlyTheyNeed) {
  ASSERT_TRUE(WriteDataset(Reader({Rows(0, 4)}), "table", Options(WriteMode::kCreate)).ok());
  auto latest = WriteDataset(Reader({Rows(4, 4)}), "table", Options(WriteMode::kOverwrite));
  ASSERT_TRUE(latest.ok());
  CleanupOptions options;
  options.retain_versions = 1;
  options.dry_run = true;
  auto would = CleanupOldVersions(**latest, options);
  ASSERT_TRUE(would.ok()) << would.status();
  EXPECT_EQ(would->old_versions, 1);
  EXPECT_EQ(would->data_files_removed, 1);
  EXPECT_TRUE((*latest)->Checkout(uint64_t{1}).ok());
  options.dry_run = false;
  auto did = CleanupOldVersions(**latest, options);
  ASSERT_TRUE(did.ok()) << did.status();
  EXPECT_EQ(did->data_files_removed, 1);
  EXPECT_FALSE((*latest)->Checkout(uint64_t{1}).ok());
  EXPECT_EQ(Ids(**Open()), Counted(4, 8));
  EXPECT_TRUE((*latest)->Verify()->empty());
}

TEST_F(WriteTest, CleanupRefusesToTakeATaggedVersion) {
  auto first = WriteDataset(Reader({Rows(0, 4)}), "table", Options(WriteMode::kCreate));
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE((*first)->CreateTag("keep", 1).ok());
  auto latest = WriteDataset(Reader({Rows(4, 4)}), "table", Options(WriteMode::kOverwrite));
  CleanupOptions options;
  options.retain_versions = 1;
  auto refused = CleanupOldVersions(**latest, options);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("keep"), std::string::npos);
  options.error_if_tagged_old_versions = false;
  auto kept = CleanupOldVersions(**latest, options);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->old_versions, 0);
  EXPECT_TRUE((*latest)->Checkout(std::string("keep")).ok());
}

TEST_F(WriteTest, ATransactionWrittenHereIsCommittedThere) {
  auto created = WriteDataset(Reader({Rows(0, 4)}), "table", Options(WriteMode::kCreate));
  ASSERT_TRUE(created.ok());
  auto first =
      WriteUncommitted(Reader({Rows(4, 2)}), "table", *created, Options(WriteMode::kAppend));
  auto second =
      WriteUncommitted(Reader({Rows(6, 2)}), "table", *created, Options(WriteMode::kAppend));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ((*Open())->version(), 1);
  CommitOptions options;
  options.session = session_;
  ASSERT_TRUE(CommitTransaction("table", nullptr, *first, options).ok());
  auto dataset = CommitTransaction("table", *created, *second, options);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->version(), 3);
  EXPECT_EQ(Ids(**dataset), Counted(0, 8));
  // The reply was lost, the caller asks again: it is there already.
  auto again = CommitTransaction("table", *created, *second, options);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(Ids(**Open()), Counted(0, 8));
}

TEST_F(WriteTest, BranchesAndClonesReadTheFilesTheyCameFrom) {
  auto created = WriteDataset(Reader({Rows(0, 4)}), "table", Options(WriteMode::kCreate));
  ASSERT_TRUE(created.ok());
  auto branch = (*created)->CreateBranch("dev/x");
  ASSERT_TRUE(branch.ok()) << branch.status();
  auto grown = WriteDataset(Reader({Rows(4, 4)}), *branch, Options(WriteMode::kAppend));
  ASSERT_TRUE(grown.ok()) << grown.status();
  EXPECT_EQ(Ids(**grown), Counted(0, 8));
  EXPECT_EQ(Ids(**Open()), Counted(0, 4));
  auto clone = (*grown)->ShallowClone("clone");
  ASSERT_TRUE(clone.ok()) << clone.status();
  EXPECT_EQ(Ids(**clone), Counted(0, 8));
}

}  // namespace
}  // namespace lancea
