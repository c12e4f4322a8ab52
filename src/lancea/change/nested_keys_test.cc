#include "lancea/change/nested_keys.h"

#include <gtest/gtest.h>

#include <set>

#include "arrow/array.h"
#include "arrow/compute/initialize.h"
#include "arrow/json/from_string.h"
#include "arrow/type.h"

namespace lancea {
namespace {

std::shared_ptr<arrow::Array> Array(const std::shared_ptr<arrow::DataType>& type,
                                    const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

std::shared_ptr<arrow::LargeBinaryArray> Bytes(const std::shared_ptr<arrow::Array>& keys) {
  auto bytes = NestedKeysAsBytes(keys, *keys->type(), arrow::default_memory_pool()).ValueOrDie();
  EXPECT_EQ(bytes->length(), keys->length());
  return std::static_pointer_cast<arrow::LargeBinaryArray>(bytes);
}

std::shared_ptr<arrow::DataType> Pair() {
  return arrow::struct_({arrow::field("a", arrow::int32()), arrow::field("b", arrow::utf8())});
}

class NestedKeys : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(arrow::compute::Initialize().ok()); }
};

TEST_F(NestedKeys, BytesAreThoseOfTheDrawing) {
  const auto bytes = Bytes(Array(Pair(), R"([{"a": 7, "b": null}])"));
  EXPECT_EQ(bytes->GetView(0), std::string_view("\1\1\7\0\0\0\0", 7));
}

TEST_F(NestedKeys, DifferentKeysHaveDifferentBytes) {
  const auto type =
      arrow::struct_({arrow::field("s", Pair()), arrow::field("l", arrow::list(arrow::utf8()))});
  const auto keys = Array(type, R"([
      {"s": null, "l": null}, {"s": {"a": null, "b": null}, "l": null}, {"s": null, "l": []},
      {"s": null, "l": [null]}, {"s": null, "l": [""]}, {"s": null, "l": ["", ""]},
      {"s": {"a": 0, "b": ""}, "l": null}, {"s": {"a": 0, "b": null}, "l": null},
      {"s": null, "l": ["ab", "c"]}, {"s": null, "l": ["a", "bc"]}, {"s": {"a": 1, "b": "x"}, "l": []}])");
  const auto bytes = Bytes(keys);
  std::set<std::string_view> seen;
  for (int64_t row = 0; row < bytes->length(); ++row) seen.insert(bytes->GetView(row));
  EXPECT_EQ(static_cast<int64_t>(seen.size()), keys->length());
}

TEST_F(NestedKeys, WindowsHaveTheBytesOfTheirRows) {
  const auto inner = arrow::fixed_size_list(arrow::list(Pair()), 2);
  const auto keys = Array(inner, R"([
      [[{"a": 1, "b": "x"}], []], null, [null, [null, {"a": null, "b": "y"}]], [[], [{"a": 3, "b": null}]]])");
  const auto whole = Bytes(keys);
  EXPECT_TRUE(whole->IsNull(1));
  for (int64_t begin = 0; begin < keys->length(); ++begin) {
    const auto part = Bytes(keys->Slice(begin));
    for (int64_t row = 0; row < part->length(); ++row) {
      ASSERT_EQ(part->IsNull(row), whole->IsNull(begin + row));
      EXPECT_EQ(part->GetView(row), whole->GetView(begin + row));
    }
  }
}

TEST_F(NestedKeys, FieldsAreComparedByName) {
  const auto other =
      arrow::struct_({arrow::field("b", arrow::large_utf8()), arrow::field("a", arrow::int64())});
  const auto pool = arrow::default_memory_pool();
  const auto given = NestedKeysAsBytes(Array(other, R"([{"b": "x", "a": 7}])"), *Pair(), pool);
  ASSERT_TRUE(given.ok()) << given.status();
  EXPECT_TRUE((*given)->Equals(Bytes(Array(Pair(), R"([{"a": 7, "b": "x"}])"))));
  const auto part = arrow::struct_({arrow::field("a", arrow::int32())});
  EXPECT_FALSE(NestedKeysAsBytes(Array(part, R"([{"a": 7}])"), *Pair(), pool).ok());
  EXPECT_FALSE(NestedKeysAsBytes(Array(arrow::list(Pair()), "[[]]"), *Pair(), pool).ok());
}

TEST_F(NestedKeys, WhatLiesBehindNullsDoesNotCount) {
  const auto texts = Array(arrow::utf8(), R"(["x", "y", "y"])");
  const auto valid = Array(arrow::boolean(), "[false, false, true]")->data()->buffers[1];
  const auto hidden = std::make_shared<arrow::StringArray>(3, texts->data()->buffers[1],
                                                           texts->data()->buffers[2], valid);
  const auto keys = arrow::StructArray::Make({hidden}, std::vector<std::string>{"b"}).ValueOrDie();
  const auto bytes = Bytes(keys);
  EXPECT_EQ(bytes->GetView(0), bytes->GetView(1));
  EXPECT_NE(bytes->GetView(1), bytes->GetView(2));
}

TEST_F(NestedKeys, MessagesShowEveryField) {
  const auto type = arrow::struct_({arrow::field("p", Pair()), arrow::field("t", arrow::boolean()),
                                    arrow::field("l", arrow::large_list(arrow::float64())),
                                    arrow::field("d", arrow::date32()),
                                    arrow::field("m", arrow::map(arrow::utf8(), arrow::int8()))});
  const auto bytes = Bytes(Array(
      type,
      R"([{"p": {"a": -2, "b": "x,y"}, "t": true, "l": [1.5, null], "d": 0, "m": [["k", 1]]}])"));
  EXPECT_EQ(FormatNestedKey(type, bytes->GetView(0)),
            "{p:{a:-2,b:x,y},t:true,l:[1.5, ],d:1970-01-01,m:[{key:k,value:1}]}");
}

TEST_F(NestedKeys, TypesThatCannotBeComparedAreNone) {
  EXPECT_TRUE(IsKeyType(*arrow::list(Pair())));
  EXPECT_TRUE(IsKeyType(*arrow::decimal128(9, 2)));
  EXPECT_FALSE(IsKeyType(*arrow::struct_({arrow::field("n", arrow::null())})));
}

}  // namespace
}  // namespace lancea
