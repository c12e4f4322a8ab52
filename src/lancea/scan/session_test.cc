#include "lancea/session.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "arrow/memory_pool.h"
#include "arrow/table.h"
#include "lancea/dataset/table_for_test.h"

namespace lancea {
namespace {

class Recorder : public MetricsSink {
 public:
  void Count(const char* name, uint64_t value) override {
    std::lock_guard lock(mutex_);
    counts_[name] += value;
  }
  uint64_t count(const std::string& name) {
    std::lock_guard lock(mutex_);
    return counts_[name];
  }

 private:
  std::mutex mutex_;
  std::map<std::string, uint64_t> counts_;
};

std::shared_ptr<const Dataset> OpenTable(const std::shared_ptr<Session>& session) {
  OpenOptions options;
  options.session = session;
  return Dataset::Open("t", options).ValueOrDie();
}

std::shared_ptr<arrow::Table> ReadAll(const Dataset& dataset) {
  return dataset.Scan({}).ValueOrDie()->ToTable().ValueOrDie();
}

TEST(Session, TellsTheSinkWhatReadsCost) {
  const auto sink = std::make_shared<Recorder>();
  Host host;
  host.object_store = ConstantTable(3, 100);
  host.metrics = sink;
  const auto session = std::make_shared<Session>(1 << 20, host);
  const uint64_t before = ProcessIoStatistics().requests;
  const auto dataset = OpenTable(session);
  EXPECT_EQ(ReadAll(*dataset)->num_rows(), 300);
  EXPECT_EQ(sink->count("lancea.rows_scanned"), 300u);
  ASSERT_TRUE(dataset->Take({5, 299}).ok());
  EXPECT_EQ(sink->count("lancea.rows_taken"), 2u);
  const IoStatistics io = session->io_statistics();
  EXPECT_EQ(sink->count("lancea.io.requests"), io.requests);
  EXPECT_EQ(sink->count("lancea.io.iops"), io.iops);
  EXPECT_EQ(sink->count("lancea.io.bytes_read"), io.bytes_read);
  EXPECT_EQ(ProcessIoStatistics().requests - before, io.requests);
}

TEST(Session, RepeatedTakesReadNoMetadataAgain) {
  const auto store = std::make_shared<FarStore>(ConstantTable(3, 100));
  Host host;
  host.object_store = store;
  const auto session = std::make_shared<Session>(1 << 20, host);
  auto reads_and_misses = [&](const Dataset& dataset) {
    const int reads = store->num_reads();
    const uint64_t misses = session->cache_misses();
    EXPECT_TRUE(dataset.Take({5, 299}).ok());
    return std::pair(store->num_reads() - reads, session->cache_misses() - misses);
  };
  using Cost = std::pair<int, uint64_t>;
  const auto first = OpenTable(session);
  EXPECT_GE(reads_and_misses(*first), Cost(2, 2)) << "the ends of two files";
  // The values are constants of the metadata: nothing else is read.
  EXPECT_EQ(reads_and_misses(*first), Cost(0, 0));
  EXPECT_EQ(reads_and_misses(*OpenTable(session)), Cost(0, 0))
      << "as another dataset of the session";
  const auto other = OpenTable(std::make_shared<Session>(1 << 20, host));
  EXPECT_GE(reads_and_misses(*other).first, 2) << "nothing is kept elsewhere";
}

TEST(Session, KeepsItsCacheUnderTheCapWhateverIsOpened) {
  for (const uint64_t cap : {0, 10'000, 100'000}) {
    Host host;
    host.object_store = ConstantTable(200, 10);
    const auto session = std::make_shared<Session>(cap, host);
    const auto dataset = OpenTable(session);
    EXPECT_EQ(ReadAll(*dataset)->num_rows(), 2000);
    // The entry in use is kept even when it is larger than everything.
    uint64_t largest = 0, total = 0;
    for (const auto& [owner, use] : session->cache_use()) {
      largest = std::max(largest, use.entries == 1 ? use.bytes : 0);
      total += use.bytes;
    }
    EXPECT_EQ(session->cache_bytes(), total);
    EXPECT_LE(session->cache_bytes(), std::max(cap, largest));
  }
}

TEST(Session, ReportsTheCacheByOwnerAndGivesItBack) {
  Host host;
  host.object_store = ConstantTable(4, 10);
  const auto session = std::make_shared<Session>(1 << 20, host);
  const auto dataset = OpenTable(session);
  ReadAll(*dataset);
  EXPECT_EQ(session->cache_use().at("file").entries, 4u);
  // Metadata of a column and a page each are charged beside the open file.
  EXPECT_GT(session->cache_use().at("file").bytes, 4u * 4096);
  session->ClearCache();
  EXPECT_EQ(session->cache_bytes(), 0u);
  EXPECT_EQ(ReadAll(*dataset)->num_rows(), 40);
}

TEST(Session, AHostsMemoryLimitIsAnErrorNotACrash) {
  arrow::ProxyMemoryPool own(arrow::default_memory_pool());
  arrow::CappedMemoryPool pool(&own, 100'000);
  Host host;
  host.object_store = ConstantTable(1, 1'000'000);
  host.memory_pool = &pool;
  const auto dataset = OpenTable(std::make_shared<Session>(1 << 20, host));
  const arrow::Status status = dataset->Scan({}).ValueOrDie()->ToTable().status();
  EXPECT_TRUE(status.IsOutOfMemory()) << status.ToString();
  // A stream of small batches needs no more than it is given.
  ScanOptions options;
  options.batch_size = 1000;
  options.io_buffer_size = 20'000;
  const auto reader = dataset->Scan(options).ValueOrDie()->ToReader().ValueOrDie();
  int64_t rows = 0;
  while (true) {
    const auto batch = reader->Next().ValueOrDie();
    if (batch == nullptr) break;
    rows += batch->num_rows();
  }
  EXPECT_EQ(rows, 1'000'000);
}

}  // namespace
}  // namespace lancea
