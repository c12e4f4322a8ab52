#include "lancea/maintain/compaction_digest.h"

#include <gtest/gtest.h>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/compute/cast.h"
#include "arrow/json/from_string.h"
#include "arrow/type.h"

namespace lancea {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

ArrayPtr FromJson(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  auto array = arrow::json::ArrayFromJSONString(type, json);
  EXPECT_TRUE(array.ok()) << array.status();
  return *array;
}

ColumnDigest DigestOf(const std::vector<ArrayPtr>& arrays) {
  ColumnDigest digest;
  for (const ArrayPtr& array : arrays) EXPECT_TRUE(digest.Append(*array).ok());
  return digest;
}

struct Case {
  const char* name;
  std::shared_ptr<arrow::DataType> type;
  const char* rows;
  const char* changed;
};

class ColumnDigestTest : public testing::TestWithParam<Case> {};

const auto kPoint = arrow::struct_(
    {arrow::field("x", arrow::int32()), arrow::field("tags", arrow::list(arrow::utf8()))});

const Case kCases[] = {
    {"Numbers", arrow::int64(), "[1, 2, null, 4, 5]", "[1, 2, null, 5, 4]"},
    {"NullMoved", arrow::int64(), "[1, 2, null, 4, 5]", "[1, null, 2, 4, 5]"},
    {"Booleans", arrow::boolean(), "[true, false, null, true, true]",
     "[true, false, null, true, false]"},
    {"Texts", arrow::utf8(), R"(["ab", "c", "", null, "d"])", R"(["a", "bc", "", null, "d"])"},
    {"EmptyIsNotNull", arrow::large_binary(), R"(["ab", "", null, "c", ""])",
     R"(["ab", null, null, "c", ""])"},
    {"Lists", arrow::list(arrow::int32()), "[[1, 2], [], null, [3], [4, null]]",
     "[[1], [2], null, [3], [4, null]]"},
    {"Vectors", arrow::fixed_size_list(arrow::float32(), 2),
     "[[1, 2], [3, 4], null, [5, 6], [7, 8]]", "[[1, 2], [3, 4], null, [5, 6], [7, 9]]"},
    {"Structs", kPoint,
     R"([{"x": 1, "tags": ["a"]}, null, {"x": null, "tags": []}, {"x": 2, "tags": null},
         {"x": 3, "tags": ["b", null]}])",
     R"([{"x": 1, "tags": ["a"]}, null, {"x": null, "tags": null}, {"x": 2, "tags": []},
         {"x": 3, "tags": ["b", null]}])"},
};

TEST_P(ColumnDigestTest, IsTheSameHoweverRowsAreCut) {
  const ArrayPtr rows = FromJson(GetParam().type, GetParam().rows);
  const ColumnDigest whole = DigestOf({rows});
  EXPECT_EQ(whole.num_rows(), 5u);
  for (int64_t cut = 0; cut <= rows->length(); ++cut) {
    const ArrayPtr copied = *arrow::Concatenate({rows->Slice(cut)});
    EXPECT_TRUE(whole == DigestOf({rows->Slice(0, cut), copied})) << "cut at " << cut;
  }
}

TEST_P(ColumnDigestTest, SeesAChange) {
  const ArrayPtr rows = FromJson(GetParam().type, GetParam().rows);
  const ArrayPtr changed = FromJson(GetParam().type, GetParam().changed);
  EXPECT_FALSE(DigestOf({rows}) == DigestOf({changed}));
  EXPECT_FALSE(DigestOf({rows}) == DigestOf({rows->Slice(0, 4)}));
}

INSTANTIATE_TEST_SUITE_P(Types, ColumnDigestTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ColumnDigest, DoesNotSeeWhatLiesUnderNulls) {
  const ArrayPtr rows = FromJson(arrow::int32(), "[1, 7, 3]");
  const ArrayPtr mask = FromJson(arrow::int32(), "[1, null, 3]");
  auto data = rows->data()->Copy();
  data->buffers[0] = mask->data()->buffers[0];
  data->null_count = 1;
  EXPECT_TRUE(DigestOf({arrow::MakeArray(data)}) == DigestOf({mask}));
}

TEST(ColumnDigest, DoesNotSeeHowADictionaryIsOrdered) {
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  const auto make = [&](const char* indices, const char* values) {
    return ArrayPtr(*arrow::DictionaryArray::FromArrays(type, FromJson(arrow::int8(), indices),
                                                        FromJson(arrow::utf8(), values)));
  };
  const ColumnDigest digest = DigestOf({make("[0, 1, null, 0]", R"(["a", "b"])")});
  EXPECT_TRUE(digest == DigestOf({make("[2, 1, null, 2]", R"(["x", "b", "a"])")}));
  EXPECT_TRUE(digest == DigestOf({make("[2, 1, 0, 2]", R"([null, "b", "a"])")}));
  EXPECT_FALSE(digest == DigestOf({make("[1, 0, null, 0]", R"(["a", "b"])")}));
}

TEST(RowsDigest, NamesTheColumnThatDiffers) {
  const auto schema =
      arrow::schema({arrow::field("a", arrow::int32()), arrow::field("b", arrow::int32())});
  const auto batch = [&](const char* a, const char* b) {
    return arrow::RecordBatch::Make(schema, 2,
                                    {FromJson(arrow::int32(), a), FromJson(arrow::int32(), b)});
  };
  RowsDigest one(nullptr), same(nullptr), other(nullptr);
  ASSERT_TRUE(one.Append(*batch("[1, 2]", "[3, 4]")).ok());
  ASSERT_TRUE(same.Append(*batch("[1, 2]", "[3, 4]")).ok());
  ASSERT_TRUE(other.Append(*batch("[1, 2]", "[3, 5]")).ok());
  EXPECT_TRUE(one.CheckSame(same, *schema).ok());
  const arrow::Status status = one.CheckSame(other, *schema);
  EXPECT_NE(status.message().find("column \"b\""), std::string::npos) << status;
}

}  // namespace
}  // namespace lancea
