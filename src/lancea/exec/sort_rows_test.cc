#include "lancea/exec/sort_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "arrow/array/array_base.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/json/from_string.h"
#include "arrow/memory_pool.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/exec/top_rows.h"

namespace lancea {
namespace {

std::shared_ptr<arrow::Array> Json(const std::shared_ptr<arrow::DataType>& type,
                                   const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> OneColumn(const std::shared_ptr<arrow::Array>& values) {
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("x", values->type())}),
                                  values->length(), {values});
}

struct OrderCase {
  const char* name;
  std::shared_ptr<arrow::DataType> type;
  const char* ascending;  ///< nulls last
};

class SortKeysOrder : public testing::TestWithParam<OrderCase> {};

TEST_P(SortKeysOrder, SortsValuesBothWaysWithNullsWhereWanted) {
  const auto sorted = Json(GetParam().type, GetParam().ascending);
  auto* pool = arrow::default_memory_pool();
  std::vector<uint32_t> shuffled(static_cast<size_t>(sorted->length()));
  for (size_t i = 0; i < shuffled.size(); ++i) shuffled[i] = static_cast<uint32_t>(i);
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(3));
  const auto batch = TakeRows(*OneColumn(sorted), shuffled, pool).ValueOrDie();
  for (const bool ascending : {true, false}) {
    const auto keys = SortKeys::Make(*batch, {{0, ascending, !ascending}}, pool).ValueOrDie();
    std::vector<uint32_t> order = keys.Order();
    if (!ascending) std::reverse(order.begin(), order.end());
    const auto rows = TakeRows(*batch, order, pool).ValueOrDie();
    EXPECT_TRUE(rows->column(0)->Equals(*sorted, arrow::EqualOptions().nans_equal(true)))
        << rows->column(0)->ToString();
  }
}

const OrderCase kOrderCases[] = {
    {"Int8", arrow::int8(), "[-128, -1, 0, 5, 127, null]"},
    {"Int64", arrow::int64(), "[-9223372036854775808, -2, 0, 3, 9223372036854775807, null]"},
    {"UInt32", arrow::uint32(), "[0, 1, 255, 256, 4294967295, null]"},
    {"Double", arrow::float64(), "[-Inf, -1.5, -0.0, 0.0, 1e-300, 2, Inf, NaN, null]"},
    {"Float", arrow::float32(), "[-Inf, -1.5, 0.0, 2, Inf, NaN, null]"},
    {"Bool", arrow::boolean(), "[false, true, null]"},
    {"String", arrow::utf8(), R"(["", "\u0000", "\u0000a", "a", "a\u0000", "ab", "b", null])"},
    {"LargeString", arrow::large_utf8(), R"(["", "a", "b", null])"},
    {"Date", arrow::date32(), "[-5, 0, 20000, null]"},
    {"Timestamp", arrow::timestamp(arrow::TimeUnit::MICRO), "[-5, 0, 7, null]"},
    {"Decimal", arrow::decimal128(20, 2), R"(["-300.00", "-0.01", "0.00", "5.00", null])"},
};
INSTANTIATE_TEST_SUITE_P(AllTypes, SortKeysOrder, testing::ValuesIn(kOrderCases),
                         [](const auto& info) { return info.param.name; });

std::shared_ptr<arrow::RecordBatchReader> Numbers(int64_t num_batches, int64_t rows_of_each,
                                                  std::vector<int64_t>* values) {
  std::mt19937_64 random(5);
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (int64_t i = 0; i < num_batches; ++i) {
    std::string json = "[";
    for (int64_t row = 0; row < rows_of_each; ++row) {
      values->push_back(static_cast<int64_t>(random() % 5000));
      if (row > 0) json += ',';
      json += std::to_string(values->back());
    }
    batches.push_back(OneColumn(Json(arrow::int64(), json.append("]"))));
  }
  return arrow::RecordBatchReader::Make(batches, batches[0]->schema()).ValueOrDie();
}

std::vector<int64_t> ValuesOf(const arrow::Array& array) {
  const auto* data = array.data()->GetValues<int64_t>(1);
  return {data, data + array.length()};
}

TEST(SortRows, MergesRunsThatWentThroughFiles) {
  for (const uint64_t memory : {uint64_t{1} << 30, uint64_t{4000}, uint64_t{1}}) {
    std::vector<int64_t> expected;
    const auto input = Numbers(23, 200, &expected);
    std::sort(expected.begin(), expected.end());
    std::atomic<uint64_t> spilled{0};
    SortOptions options;
    options.memory_bytes = memory;
    options.batch_rows = 100;
    options.spilled_bytes = &spilled;
    const auto sorted =
        SortRowsOf(input, {{0, true, false}}, options, arrow::default_memory_pool()).ValueOrDie();
    std::vector<int64_t> got;
    while (const auto batch = sorted->Next().ValueOrDie()) {
      EXPECT_LE(batch->num_rows(), 100);
      for (const int64_t value : ValuesOf(*batch->column(0))) got.push_back(value);
    }
    EXPECT_EQ(got, expected);
    EXPECT_EQ(spilled > 0, memory < 100'000);
  }
}

// Runs of 64 runs, and runs of those: each level has more than one to merge.
TEST(SortRows, MergesRunsOfRunsAndKeepsTheInputsOrder) {
  constexpr int64_t kBatches = 64 * 64 + 64 + 9;
  const auto schema =
      arrow::schema({arrow::field("key", arrow::int64()), arrow::field("row", arrow::int64())});
  std::mt19937_64 random(6);
  std::vector<std::pair<int64_t, int64_t>> expected;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (int64_t i = 0; i < kBatches; ++i) {
    arrow::Int64Builder keys, rows;
    for (int k = 0; k < 2; ++k) {
      expected.emplace_back(static_cast<int64_t>(random() % 500), expected.size());
      ASSERT_TRUE(keys.Append(expected.back().first).ok());
      ASSERT_TRUE(rows.Append(expected.back().second).ok());
    }
    batches.push_back(arrow::RecordBatch::Make(schema, 2, {*keys.Finish(), *rows.Finish()}));
  }
  std::ranges::sort(expected);
  SortOptions options;
  options.memory_bytes = 1;  // every batch a run
  const auto input = *arrow::RecordBatchReader::Make(batches, schema);
  const auto sorted =
      SortRowsOf(input, {{0, true, false}}, options, arrow::default_memory_pool()).ValueOrDie();
  std::vector<std::pair<int64_t, int64_t>> got;
  while (const auto batch = sorted->Next().ValueOrDie()) {
    const auto keys = ValuesOf(*batch->column(0)), rows = ValuesOf(*batch->column(1));
    for (size_t i = 0; i < keys.size(); ++i) got.emplace_back(keys[i], rows[i]);
  }
  EXPECT_EQ(got, expected);
}

TEST(TopRows, AreTheFirstOfTheSortedRows) {
  for (const int64_t num_rows : {int64_t{0}, int64_t{1}, int64_t{10}, int64_t{30'000}}) {
    std::vector<int64_t> expected;
    const auto input = Numbers(50, 400, &expected);
    std::sort(expected.begin(), expected.end(), std::greater<>());
    expected.resize(std::min(expected.size(), static_cast<size_t>(num_rows)));
    const auto top =
        TopRows(input.get(), {{0, false, false}}, num_rows, arrow::default_memory_pool())
            .ValueOrDie();
    EXPECT_EQ(ValuesOf(*top->column(0)), expected);
  }
}

}  // namespace
}  // namespace lancea
