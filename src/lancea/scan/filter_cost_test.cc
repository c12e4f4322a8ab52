// What filters and top-k scans cost: bytes read, memory held.
#include <gtest/gtest.h>

#include <random>

#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/memory_pool.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset.h"
#include "lancea/dataset/table_for_test.h"
#include "lancea/io/memory_store.h"
#include "lancea/write.h"

namespace lancea {
namespace {

// Columns `key` (0 to 99,999 in any order) and `text` of some 60 bytes, made batch by batch.
class RandomRows : public arrow::RecordBatchReader {
 public:
  explicit RandomRows(int64_t num_rows) : left_(num_rows) {}
  std::shared_ptr<arrow::Schema> schema() const override {
    return arrow::schema(
        {arrow::field("key", arrow::int32()), arrow::field("text", arrow::utf8())});
  }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = nullptr;
    const int64_t count = std::min<int64_t>(left_, 50'000);
    if (count == 0) return arrow::Status::OK();
    left_ -= count;
    arrow::Int32Builder keys;
    arrow::StringBuilder texts;
    ARROW_RETURN_NOT_OK(keys.Reserve(count));
    for (int64_t i = 0; i < count; ++i) {
      const uint64_t number = random_();
      keys.UnsafeAppend(static_cast<int32_t>(number % 100'000));
      ARROW_RETURN_NOT_OK(texts.Append(std::string(40 + number % 40, 'x')));
    }
    *batch = arrow::RecordBatch::Make(schema(), count, {*keys.Finish(), *texts.Finish()});
    return arrow::Status::OK();
  }

 private:
  int64_t left_;
  std::mt19937_64 random_{1};
};

std::shared_ptr<Dataset> WriteRows(int64_t num_rows, const std::shared_ptr<ObjectStore>& store,
                                   arrow::MemoryPool* pool) {
  Host host;
  host.object_store = store;
  host.memory_pool = pool;
  WriteOptions write;
  write.session = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
  return WriteDataset(std::make_shared<RandomRows>(num_rows), "table", write).ValueOrDie();
}

TEST(FilteredScan, ReadsFewBytesBesideTheFilterAndTheChunksOfItsRows) {
  constexpr int64_t kRows = 300'000;
  // Far away: bytes are read, not mapped, and read again.
  auto memory = std::make_shared<MemoryObjectStore>();
  WriteRows(kRows, memory, nullptr);
  auto store = std::make_shared<FarStore>(memory);
  store->delay = std::chrono::microseconds(0);
  Host host;
  host.object_store = store;
  auto bytes_of = [&](std::optional<std::string> filter, std::vector<std::string> columns) {
    OpenOptions open;
    open.session = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
    const auto dataset = Dataset::Open("table", open).ValueOrDie();
    ScanOptions options;
    options.columns = std::move(columns);
    options.filter = std::move(filter);
    options.counters = std::make_shared<ScanCounters>();
    const auto table = dataset->Scan(options).ValueOrDie()->ToTable().ValueOrDie();
    return std::pair(
        options.counters->scan_io.Read().bytes_read + options.counters->take_io.Read().bytes_read,
        static_cast<uint64_t>(table->num_rows()));
  };
  const auto key_bytes = bytes_of("key < -1", {"key"}).first;
  const auto [bytes, rows] = bytes_of("key < 10", {"key", "text"});
  ASSERT_GT(rows, 10u);
  ASSERT_LT(rows, 100u);
  ASSERT_GT(key_bytes, 0u);
  // A chunk of text is 8 KiB at most, and a read begins and ends with a block.
  const uint64_t touched = rows * (8 << 10);
  EXPECT_LE(bytes, (key_bytes + touched) * 13 / 10)
      << key_bytes << " of the filter, " << rows << " rows";
}

TEST(TopRows, OfMillionsAreFoundInLittleMemory) {
  constexpr int64_t kRows = 6'000'000;
  arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
  auto store = std::make_shared<MemoryObjectStore>();
  WriteRows(kRows, store, nullptr);
  Host host;
  host.object_store = store;
  host.memory_pool = &pool;
  OpenOptions open;
  open.session = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
  const auto dataset = Dataset::Open("table", open).ValueOrDie();
  ScanOptions options;
  options.order_by = {{"key", false, false}};
  options.limit = 100;
  const auto table = dataset->Scan(options).ValueOrDie()->ToTable().ValueOrDie();
  EXPECT_EQ(table->num_rows(), 100);
  for (const auto& chunk : table->column(0)->chunks()) {
    const auto* keys = chunk->data()->GetValues<int32_t>(1);
    for (int64_t i = 0; i < chunk->length(); ++i) EXPECT_GT(keys[i], 99'900);
  }
  // The keys alone are 24 MB, the texts 360.
  EXPECT_LT(pool.max_memory(), 16 << 20);
}

}  // namespace
}  // namespace lancea
