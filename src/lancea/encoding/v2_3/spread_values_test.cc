#include "lancea/encoding/v2_3/spread_values.h"

#include <gtest/gtest.h>

#include "arrow/array.h"
#include "arrow/json/from_string.h"
#include "arrow/type.h"

namespace lancea::v2_3 {
namespace {

std::shared_ptr<arrow::Array> FromJson(const std::shared_ptr<arrow::DataType>& type,
                                       const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

struct SpreadCase {
  const char* name;
  std::shared_ptr<arrow::DataType> type;
  const char* stored;    // three values
  const char* expected;  // of six slots, the stored ones at 1, 2 and 4
};

class Spread : public testing::TestWithParam<SpreadCase> {};

TEST_P(Spread, LeavesTheGapsEmpty) {
  const auto stored = FromJson(GetParam().type, GetParam().stored);
  const std::vector<RowRange> targets{{1, 3}, {4, 5}};
  const auto spread =
      SpreadValues(stored->data(), targets, 6, arrow::default_memory_pool()).ValueOrDie();
  const auto array = arrow::MakeArray(spread);
  ASSERT_TRUE(array->ValidateFull().ok()) << array->ValidateFull();
  const auto expected = FromJson(GetParam().type, GetParam().expected);
  EXPECT_TRUE(array->Equals(*expected)) << array->ToString();
}

const SpreadCase kCases[] = {
    {"Int32", arrow::int32(), "[7, 8, 9]", "[0, 7, 8, 0, 9, 0]"},
    {"Bool", arrow::boolean(), "[true, false, true]", "[false, true, false, false, true, false]"},
    {"Utf8", arrow::utf8(), R"(["a", "", "bcd"])", R"(["", "a", "", "", "bcd", ""])"},
    {"LargeBinary", arrow::large_binary(), R"(["a", "", "bcd"])",
     R"(["", "a", "", "", "bcd", ""])"},
    {"FixedSizeBinary", arrow::fixed_size_binary(2), R"(["ab", "cd", "ef"])",
     "[\"\\u0000\\u0000\", \"ab\", \"cd\", \"\\u0000\\u0000\", \"ef\", \"\\u0000\\u0000\"]"},
    {"FixedSizeList", arrow::fixed_size_list(arrow::int16(), 2), "[[1, 2], [3, 4], [5, 6]]",
     "[[0, 0], [1, 2], [3, 4], [0, 0], [5, 6], [0, 0]]"},
    {"FixedSizeListOfNullable", arrow::fixed_size_list(arrow::int16(), 2),
     "[[1, null], [3, 4], [null, 6]]",
     "[[null, null], [1, null], [3, 4], [null, null], [null, 6], [null, null]]"},
    {"Struct", arrow::struct_({arrow::field("x", arrow::int8())}), R"([{"x":1}, {"x":2}, {"x":3}])",
     R"([{"x":0}, {"x":1}, {"x":2}, {"x":0}, {"x":3}, {"x":0}])"},
};

INSTANTIATE_TEST_SUITE_P(Types, Spread, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(SpreadValues, ReturnsTheSameArrayWhenThereAreNoGaps) {
  const auto stored = FromJson(arrow::int32(), "[1, 2, 3]")->data();
  const std::vector<RowRange> targets{{0, 3}};
  EXPECT_EQ(SpreadValues(stored, targets, 3, arrow::default_memory_pool()).ValueOrDie(), stored);
}

TEST(SpreadValues, RejectsAnotherNumberOfValues) {
  const auto stored = FromJson(arrow::int32(), "[1, 2, 3]")->data();
  const std::vector<RowRange> targets{{0, 2}};
  EXPECT_FALSE(SpreadValues(stored, targets, 6, arrow::default_memory_pool()).ok());
}

}  // namespace
}  // namespace lancea::v2_3
