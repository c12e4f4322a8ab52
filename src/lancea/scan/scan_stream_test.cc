#include <gtest/gtest.h>

#include <future>
#include <random>

#include "arrow/array/array_primitive.h"
#include "arrow/memory_pool.h"
#include "arrow/record_batch.h"
#include "arrow/util/cancel.h"
#include "arrow/util/thread_pool.h"
#include "lancea/dataset/table_for_test.h"

namespace lancea {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;
using Reader = std::shared_ptr<arrow::RecordBatchReader>;

std::shared_ptr<const Dataset> OpenTable(std::shared_ptr<ObjectStore> store, Host host = {}) {
  host.object_store = std::move(store);
  OpenOptions options;
  options.session = std::make_shared<Session>(uint64_t{1} << 20, host);
  return Dataset::Open("t", options).ValueOrDie();
}

Reader Stream(const std::shared_ptr<const Dataset>& dataset, const ScanOptions& options) {
  return dataset->Scan(options).ValueOrDie()->ToReader().ValueOrDie();
}

int64_t Drain(const Reader& reader) {
  int64_t rows = 0;
  for (Batch batch; (batch = reader->Next().ValueOrDie()) != nullptr;) rows += batch->num_rows();
  return rows;
}

TEST(ScanStream, MemoryStaysUnderTheBufferAndFourBatchesHoweverWellPagesCompress) {
  // No bytes in the file, 8 MiB a fragment when decoded.
  const auto store = ConstantTable(8, 1 << 20);
  for (const uint64_t io_buffer_size : {0, 100'000, 1'000'000}) {
    arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
    Host host;
    host.memory_pool = &pool;
    const auto dataset = OpenTable(store, host);
    ScanOptions options;
    options.io_buffer_size = io_buffer_size;
    options.batch_readahead = 1000;
    const Reader reader = Stream(dataset, options);
    int64_t rows = 0;
    for (Batch batch; (batch = reader->Next().ValueOrDie()) != nullptr;) {
      rows += batch->num_rows();
      // Slower than the threads that decode.
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
    EXPECT_EQ(rows, 8 << 20);
    const int64_t batch_bytes = 8192 * 8;
    EXPECT_LE(pool.max_memory(), static_cast<int64_t>(io_buffer_size) + 5 * batch_bytes)
        << "with a buffer of " << io_buffer_size;
    EXPECT_EQ(pool.bytes_allocated(), 0);
  }
}

TEST(ScanStream, EndsWhateverTheBufferBatchesAndThreads) {
  std::mt19937_64 random(7);
  const auto store = ConstantTable(5, 10'000);
  for (int round = 0; round < 60; ++round) {
    auto far = std::make_shared<FarStore>(store);
    far->delay = std::chrono::microseconds(random() % 50);
    const auto cpu = arrow::internal::ThreadPool::Make(1 + random() % 2).ValueOrDie();
    const auto io = arrow::internal::ThreadPool::Make(1 + random() % 2).ValueOrDie();
    Host host;
    host.cpu_executor = cpu.get();
    host.io_executor = random() % 4 == 0 ? cpu.get() : io.get();
    const auto dataset = random() % 2 == 0 ? OpenTable(far, host) : OpenTable(store, host);
    ScanOptions options;
    options.batch_size = 1 + random() % 20'000;
    options.strict_batch_size = random() % 2 == 0;
    options.scan_in_order = random() % 2 == 0;
    options.batch_readahead = static_cast<int32_t>(1 + random() % 20);
    options.fragment_readahead = static_cast<int32_t>(random() % 8);
    options.io_buffer_size = random() % 100'000;
    EXPECT_EQ(Drain(Stream(dataset, options)), 50'000);
  }
}

TEST(ScanStream, FinishesOnAnExecutorThatIsBusyWithOtherThings) {
  const auto cpu = arrow::internal::ThreadPool::Make(1).ValueOrDie();
  std::promise<void> release;
  ASSERT_TRUE(cpu->Spawn([&, held = release.get_future().share()] { held.wait(); }).ok());
  Host host;
  host.cpu_executor = host.io_executor = cpu.get();
  const auto far = std::make_shared<FarStore>(ConstantTable(3, 10'000));
  EXPECT_EQ(Drain(Stream(OpenTable(far, host), {})), 30'000);
  release.set_value();
}

TEST(ScanStream, ReadsFromANetworkOverlap) {
  const auto io = arrow::internal::ThreadPool::Make(8).ValueOrDie();
  Host host;
  host.io_executor = io.get();
  auto far = std::make_shared<FarStore>(ConstantTable(16, 1000));
  far->delay = std::chrono::milliseconds(3);
  const auto dataset = OpenTable(far, host);
  ScanOptions options;
  options.fragment_readahead = 8;
  EXPECT_EQ(Drain(Stream(dataset, options)), 16'000);
  EXPECT_GE(far->most_at_once(), 3);
}

TEST(ScanStream, FragmentsAreNotOpenedFurtherAheadThanAsked) {
  const auto io = arrow::internal::ThreadPool::Make(8).ValueOrDie();
  Host host;
  host.io_executor = io.get();
  auto far = std::make_shared<FarStore>(ConstantTable(16, 1000));
  const auto dataset = OpenTable(far, host);
  const int to_open = far->num_reads();
  ScanOptions options;
  options.fragment_readahead = 2;
  options.batch_readahead = 1;
  const Reader reader = Stream(dataset, options);
  ASSERT_NE(reader->Next().ValueOrDie(), nullptr);
  ASSERT_TRUE(reader->Close().ok());
  // A file takes two reads to open; one fragment is read and one more is open.
  EXPECT_LE(far->num_reads() - to_open, 3 * 3);
}

TEST(ScanStream, AnErrorComesOnceAndStays) {
  auto far = std::make_shared<FarStore>(ConstantTable(4, 10'000));
  far->before_read = [](const std::string& path) {
    return path.ends_with("2.lance") ? arrow::Status::IOError("no such luck") : arrow::Status::OK();
  };
  const Reader reader = Stream(OpenTable(far), {});
  arrow::Status status;
  int64_t rows = 0;
  while (true) {
    auto next = reader->Next();
    status = next.status();
    if (!status.ok() || *next == nullptr) break;
    rows += (*next)->num_rows();
  }
  EXPECT_TRUE(status.IsIOError()) << status.ToString();
  EXPECT_NE(status.message().find("no such luck"), std::string::npos);
  EXPECT_LE(rows, 20'000);
  EXPECT_EQ(reader->Next().status(), status);
}

class StoppedScanStream : public testing::TestWithParam<const char*> {};

TEST_P(StoppedScanStream, EndsWhileAReadHangs) {
  auto far = std::make_shared<FarStore>(ConstantTable(4, 10'000));
  std::atomic<bool> hang{true};
  far->before_read = [&](const std::string& path) {
    while (hang && path.ends_with("1.lance")) std::this_thread::yield();
    return arrow::Status::OK();
  };
  const auto io = arrow::internal::ThreadPool::Make(4).ValueOrDie();
  Host host;
  host.io_executor = io.get();
  const auto dataset = OpenTable(far, host);
  arrow::StopSource source;
  ScanOptions options;
  options.stop_token = source.token();
  if (*GetParam() != '\0') options.filter = GetParam();
  const Reader reader = Stream(dataset, options);
  std::thread user([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    source.RequestStop();
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    hang = false;
  });
  arrow::Status status;
  for (auto next = reader->Next();; next = reader->Next()) {
    status = next.status();
    if (!status.ok() || *next == nullptr) break;
  }
  EXPECT_TRUE(status.IsCancelled()) << status.ToString();
  user.join();
}

INSTANTIATE_TEST_SUITE_P(Filters, StoppedScanStream, testing::Values("", "x > 1"));

TEST(ScanStream, CanBeDroppedAtAnyMoment) {
  const auto store = ConstantTable(4, 30'000);
  for (int taken = 0; taken < 8; ++taken) {
    const Reader reader = Stream(OpenTable(std::make_shared<FarStore>(store)), {});
    for (int i = 0; i < taken; ++i) ASSERT_NE(reader->Next().ValueOrDie(), nullptr);
  }
}

TEST(ScanStream, GivesTheRowsInOrderAndByTheBatchSize) {
  const auto dataset = OpenTable(ConstantTable(3, 10));
  ScanOptions options;
  options.batch_size = 4;
  options.with_row_address = true;
  std::vector<int64_t> sizes;
  std::vector<uint64_t> addresses;
  const Reader reader = Stream(dataset, options);
  for (Batch batch; (batch = reader->Next().ValueOrDie()) != nullptr;) {
    sizes.push_back(batch->num_rows());
    const auto& column = static_cast<const arrow::UInt64Array&>(*batch->column(1));
    for (int64_t i = 0; i < column.length(); ++i) addresses.push_back(column.Value(i));
  }
  EXPECT_EQ(sizes, (std::vector<int64_t>{4, 4, 2, 4, 4, 2, 4, 4, 2}));
  ASSERT_EQ(addresses.size(), 30u);
  for (uint64_t i = 0; i < 30; ++i) EXPECT_EQ(addresses[i], (i / 10) << 32 | i % 10);
  options.strict_batch_size = true;
  sizes.clear();
  const Reader strict = Stream(dataset, options);
  for (Batch batch; (batch = strict->Next().ValueOrDie()) != nullptr;) {
    sizes.push_back(batch->num_rows());
  }
  EXPECT_EQ(sizes, (std::vector<int64_t>{4, 4, 4, 4, 4, 4, 4, 2}));
}

}  // namespace
}  // namespace lancea
