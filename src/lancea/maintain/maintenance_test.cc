#include "lancea/maintenance.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "lancea/dataset.h"
#include "lancea/io/faulty_store_for_test.h"
#include "lancea/io/memory_store.h"
#include "lancea/write.h"

namespace lancea {
namespace {

class MaintenanceTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = std::make_shared<FaultyStoreForTest>(std::make_shared<MemoryObjectStore>());
    Host host;
    host.object_store = store_;
    session_ = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
    for (int i = 0; i < 10; ++i) Append();
    options_.older_than_seconds = 0;
    options_.retain_versions = 1;
  }

  void Append() {
    arrow::Int64Builder ids;
    ASSERT_TRUE(ids.Append(next_id_++).ok());
    const auto schema = arrow::schema({arrow::field("id", arrow::int64())});
    const auto batch = arrow::RecordBatch::Make(schema, 1, {*ids.Finish()});
    WriteOptions options;
    options.mode = WriteMode::kAppend;
    options.session = session_;
    auto written = WriteDataset(*arrow::RecordBatchReader::Make({batch}, schema), "t", options);
    ASSERT_TRUE(written.ok()) << written.status();
    dataset_ = *written;
  }

  std::shared_ptr<FaultyStoreForTest> store_;
  std::shared_ptr<Session> session_;
  std::shared_ptr<Dataset> dataset_;
  MaintenanceOptions options_;
  int64_t next_id_ = 0;
};

TEST_F(MaintenanceTest, AFailedStepDoesNotKeepTheNextFromRunning) {
  store_->Arm({.only = WriteCall::kCreate});
  auto report = Maintain(*dataset_, options_);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(report->outcomes.size(), 2u);
  EXPECT_EQ(report->outcomes[0].step, "compact");
  EXPECT_NE(report->outcomes[0].error, "");
  EXPECT_EQ(report->outcomes[1].step, "cleanup");
  EXPECT_EQ(report->outcomes[1].error, "");
  EXPECT_EQ(report->outcomes[1].versions_removed, 9u);
}

TEST_F(MaintenanceTest, FilesThatStayAreAFailureOfCleanup) {
  store_->Arm({.only = WriteCall::kDelete, .for_good = true});
  auto report = Maintain(*dataset_, options_);
  store_->Disarm();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->outcomes[0].fragments_removed, 10u);
  EXPECT_EQ(report->outcomes[0].error, "");
  EXPECT_NE(report->outcomes[1].error, "");
}

TEST_F(MaintenanceTest, TheBackgroundReportsFailuresAndGoesOn) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<uint64_t> fragments;
  store_->Arm({.only = WriteCall::kCreate});
  BackgroundMaintenance background(dataset_, options_, std::chrono::milliseconds(1),
                                   [&](const arrow::Result<MaintenanceReport>& report) {
                                     std::lock_guard lock(mutex);
                                     ASSERT_TRUE(report.ok());
                                     fragments.push_back(report->outcomes[0].fragments_removed);
                                     changed.notify_all();
                                   });
  std::unique_lock lock(mutex);
  ASSERT_TRUE(
      changed.wait_for(lock, std::chrono::seconds(30), [&] { return fragments.size() > 1; }));
  EXPECT_EQ(fragments[0], 0u);
  EXPECT_EQ(fragments[1], 10u);
  EXPECT_EQ(background.num_failures(), 1u);
  EXPECT_TRUE(background.last_error().starts_with("compact: ")) << background.last_error();
}

TEST_F(MaintenanceTest, ADryRunChangesNothing) {
  options_.dry_run = true;
  auto report = Maintain(*dataset_, options_);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->outcomes[0].was_due && report->outcomes[1].was_due);
  EXPECT_EQ(report->version, 10u);
  EXPECT_EQ(dataset_->Versions()->size(), 10u);
}

}  // namespace
}  // namespace lancea
