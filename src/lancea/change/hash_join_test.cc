#include "lancea/change/hash_join.h"

#include <gtest/gtest.h>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/compute/initialize.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/error.h"

namespace lancea {
namespace {

std::shared_ptr<arrow::Array> Texts(const std::vector<const char*>& values) {
  arrow::StringBuilder builder;
  for (const char* value : values) {
    EXPECT_TRUE(value == nullptr ? builder.AppendNull().ok() : builder.Append(value).ok());
  }
  return *builder.Finish();
}

std::shared_ptr<arrow::Array> Numbers(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return *builder.Finish();
}

arrow::Result<std::unique_ptr<HashJoin>> Join(const arrow::ArrayVector& keys,
                                              uint64_t limit = UINT64_MAX) {
  auto schema =
      arrow::schema({arrow::field("key", keys[0]->type()), arrow::field("row", arrow::int64())});
  arrow::RecordBatchVector batches;
  int64_t next = 0;
  for (const auto& part : keys) {
    std::vector<int64_t> rows;
    for (int64_t i = 0; i < part->length(); ++i) rows.push_back(next++);
    batches.push_back(arrow::RecordBatch::Make(schema, part->length(), {part, Numbers(rows)}));
  }
  auto reader = *arrow::RecordBatchReader::Make(batches, schema);
  return HashJoin::Make(reader.get(), "key", {limit, "/tmp", arrow::default_memory_pool()},
                        arrow::StopToken::Unstoppable());
}

class HashJoinTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(arrow::compute::Initialize().ok()); }
};

TEST_F(HashJoinTest, TheLastRowWithAKeyIsFoundAcrossBatches) {
  auto join = Join({Numbers({7, 8, 7}), Numbers({}), Numbers({9, 8})});
  ASSERT_TRUE(join.ok()) << join.status();
  auto found = (*join)->Find(Numbers({9, 1, 8, 7, 7}));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, (std::vector<int64_t>{3, -1, 4, 2, 2}));
}

TEST_F(HashJoinTest, NullKeysMatchNullKeys) {
  auto join = Join({Texts({"a", nullptr, "b"})});
  ASSERT_TRUE(join.ok()) << join.status();
  EXPECT_EQ(*(*join)->Find(Texts({nullptr, "b", ""})), (std::vector<int64_t>{1, 2, -1}));
  auto without = Join({Texts({"a"})});
  EXPECT_EQ(*(*without)->Find(Texts({nullptr})), (std::vector<int64_t>{-1}));
}

TEST_F(HashJoinTest, SlicedKeysAndWideKeysAreCompared) {
  arrow::Decimal128Builder builder(arrow::decimal128(30, 0));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(builder.Append(arrow::Decimal128(i, 5)).ok());
  auto wide = *builder.Finish();
  auto join = Join({wide->Slice(1, 3)});
  ASSERT_TRUE(join.ok()) << join.status();
  EXPECT_EQ(*(*join)->Find(wide), (std::vector<int64_t>{-1, 0, 1, 2}));
  auto numbers = Join({Numbers({5, 6, 7})->Slice(1)});
  EXPECT_EQ(*(*numbers)->Find(Numbers({0, 7})->Slice(1)), (std::vector<int64_t>{1}));
}

TEST_F(HashJoinTest, RowsBeyondTheLimitAreFoundInAFile) {
  auto join = Join({Numbers({5, 6, 7}), Numbers({8, 9})}, /*limit=*/16);
  ASSERT_TRUE(join.ok()) << join.status();
  ASSERT_TRUE((*join)->is_spilled());
  const auto rows = (*join)->Find(Numbers({9, 4, 5, 9}));
  ASSERT_TRUE(rows.ok()) << rows.status();
  auto taken = (*join)->Take(*rows);
  ASSERT_TRUE(taken.ok()) << taken.status();
  const auto& numbers = static_cast<const arrow::Int64Array&>(*(*taken)->column(0));
  EXPECT_EQ(numbers.Value(0), 4);
  EXPECT_TRUE(numbers.IsNull(1));
  EXPECT_EQ(numbers.Value(2), 0);
  EXPECT_EQ(numbers.Value(3), 4);
}

TEST_F(HashJoinTest, RowsNotFoundAreNull) {
  auto join = Join({Numbers({5, 6})});
  auto taken = (*join)->Take({1, -1, 0});
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ((*taken)->num_columns(), 1);
  const auto& rows = static_cast<const arrow::Int64Array&>(*(*taken)->column(0));
  EXPECT_EQ(rows.Value(0), 1);
  EXPECT_TRUE(rows.IsNull(1));
  EXPECT_EQ(rows.Value(2), 0);
}

TEST_F(HashJoinTest, KeysOfAnotherTypeAndNoRowsAreRefused) {
  auto join = Join({Numbers({1})});
  auto found = (*join)->Find(Texts({"1"}));
  EXPECT_EQ(CategoryOf(found.status()), ErrorCategory::kInvalidInput);
  EXPECT_NE(found.status().message().find("expected Int64, got Utf8"), std::string::npos);
  EXPECT_EQ(CategoryOf(Join({Numbers({})}).status()), ErrorCategory::kInvalidInput);
}

}  // namespace
}  // namespace lancea
