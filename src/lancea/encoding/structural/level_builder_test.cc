#include "lancea/encoding/structural/level_builder.h"

#include <gtest/gtest.h>

#include <random>

#include "arrow/array/array_base.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/builder.h"
#include "arrow/json/from_string.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "lancea/encoding/structural/level_spread.h"
#include "lancea/schema.h"

namespace lancea {
namespace {

using Levels = std::vector<uint16_t>;

FieldTree TreeOf(const std::shared_ptr<arrow::DataType>& type) {
  Schema schema = FromArrow(*arrow::schema({arrow::field("a", type)})).ValueOrDie();
  return MakeFieldTree(schema.fields[0], ToArrow(schema.fields[0]).ValueOrDie(), 0).ValueOrDie();
}

std::shared_ptr<arrow::Array> Json(const std::shared_ptr<arrow::DataType>& type,
                                   const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

// Levels of the first leaf.
PageLevels LevelsOf(const std::shared_ptr<arrow::Array>& array) {
  auto parts = Shred(TreeOf(array->type()), *array->data()).ValueOrDie();
  return BuildLevels({parts.data(), 1}).ValueOrDie();
}

TEST(LevelBuilder, StoresNothingWithoutNullsAndLists) {
  const PageLevels levels = LevelsOf(Json(arrow::int32(), "[1, 2, 3]"));
  EXPECT_FALSE(levels.has_rep() || levels.has_def());
  EXPECT_EQ(levels.num_events, 3);
  EXPECT_EQ(levels.num_values, 3);
}

TEST(LevelBuilder, NumbersNullAndEmptyListsFromTheLeafOutward) {
  const auto type = arrow::list(arrow::list(arrow::utf8()));
  const PageLevels levels = LevelsOf(Json(type, R"([[["a", "b"], [], null], null, [], [["c"]]])"));
  EXPECT_EQ(levels.rep, (Levels{2, 0, 1, 1, 2, 2, 2}));
  EXPECT_EQ(levels.def, (Levels{0, 0, 2, 1, 3, 4, 0}));
  EXPECT_EQ(levels.num_values, 3);
  EXPECT_EQ(levels.num_valid, 3);
}

TEST(LevelBuilder, NeedsNoDefinitionLevelsForFullLists) {
  const PageLevels levels =
      LevelsOf(Json(arrow::list(arrow::list(arrow::int8())), "[[[1], [2, 3]], [[4, 5]]]"));
  EXPECT_EQ(levels.rep, (Levels{2, 1, 0, 2, 0}));
  EXPECT_FALSE(levels.has_def());
}

TEST(LevelBuilder, LeavesOutWhatLiesBehindNullLists) {
  auto array = Json(arrow::list(arrow::int32()), "[[1, 2], [3, 4], [5]]");
  auto data = array->data()->Copy();
  data->buffers[0] = arrow::Buffer::FromString("\5");  // the middle list is null, its items stay
  data->null_count = 1;
  const PageLevels levels = LevelsOf(arrow::MakeArray(data));
  EXPECT_EQ(levels.rep, (Levels{1, 0, 1, 1}));
  EXPECT_EQ(levels.def, (Levels{0, 0, 1, 0}));
  ASSERT_EQ(levels.slots[0].size(), 2u);
  EXPECT_EQ(levels.slots[0][0].end, 2);
  EXPECT_EQ(levels.slots[0][1].begin, 4);
}

TEST(LevelBuilder, LeavesOutListsInsideNullStructs) {
  const auto type = arrow::struct_({arrow::field("l", arrow::list(arrow::int32()))});
  auto data = Json(type, R"([{"l": [1]}, {"l": [2, 3]}, {"l": []}])")->data()->Copy();
  data->buffers[0] = arrow::Buffer::FromString("\5");
  data->null_count = 1;
  const PageLevels levels = LevelsOf(arrow::MakeArray(data));
  // Null lists 1, empty ones 2, null structs 3.
  EXPECT_EQ(levels.def, (Levels{0, 3, 2}));
  EXPECT_EQ(levels.num_values, 1);
}

TEST(LevelBuilder, WhatIsInsideNullableStructsIsNullable) {
  const auto inner = arrow::struct_({arrow::field("x", arrow::int32())});
  const auto type = arrow::struct_({arrow::field("s", inner)});
  auto data = Json(type, R"([{"s": {"x": 1}}, {"s": {"x": 2}}])")->data()->Copy();
  data->buffers[0] = arrow::Buffer::FromString("\1");
  data->null_count = 1;
  const PageLevels levels = LevelsOf(arrow::MakeArray(data));
  for (const LayerLevels& layer : levels.meaning.layers()) {
    EXPECT_EQ(layer.layer, RepDefLayer::kNullableItem);
  }
  EXPECT_EQ(levels.def, (Levels{0, 3}));
}

TEST(LevelBuilder, AnOuterNullHidesAnInnerOne) {
  const auto type = arrow::struct_({arrow::field("x", arrow::int32())});
  const PageLevels levels = LevelsOf(Json(type, R"([{"x": 1}, null, {"x": null}])"));
  EXPECT_EQ(levels.def, (Levels{0, 2, 1}));
  EXPECT_EQ(ValidValues(levels), (std::vector<uint64_t>{1}));
}

TEST(LevelBuilder, SlicesAreTheRowsTheyShow) {
  const auto type = arrow::list(arrow::int32());
  const auto whole = Json(type, "[[9, 9], [1, null], null, [], [2], [7]]");
  const PageLevels sliced = LevelsOf(whole->Slice(1, 4));
  const PageLevels copied = LevelsOf(Json(type, "[[1, null], null, [], [2]]"));
  EXPECT_EQ(sliced.rep, copied.rep);
  EXPECT_EQ(sliced.def, copied.def);
}

TEST(LevelBuilder, PartsOfOnePageShareTheirNumbers) {
  const auto tree = TreeOf(arrow::list(arrow::int32()));
  std::vector<LeafPart> parts;
  for (const char* json : {"[[1], [2, 3]]", "[null, []]"}) {
    parts.push_back(
        Shred(tree, *Json(arrow::list(arrow::int32()), json)->data()).ValueOrDie().front());
  }
  const PageLevels levels = BuildLevels(parts).ValueOrDie();
  EXPECT_EQ(levels.rep, (Levels{1, 1, 0, 1, 1}));
  EXPECT_EQ(levels.def, (Levels{0, 0, 0, 1, 2}));
}

TEST(LevelBuilder, SlicedPartsAreTheLevelsOfTheirRows) {
  const auto type = arrow::list(arrow::struct_({arrow::field("x", arrow::list(arrow::int32()))}));
  const auto array = Json(type, R"([[{"x": [1, 2]}, null], [{"x": []}], null, [{"x": [3]}]])");
  const auto part = Shred(TreeOf(type), *array->data()).ValueOrDie().front();
  const LeafPart rows[] = {SliceRows(part, 1, 3)};
  const PageLevels expected = LevelsOf(Json(type, R"([[{"x": []}], null, [{"x": [3]}]])"));
  const PageLevels levels = BuildLevels(rows).ValueOrDie();
  EXPECT_EQ(levels.rep, expected.rep);
  EXPECT_EQ(levels.num_values, expected.num_values);
}

TEST(LevelSpread, IsBitByBitTheSame) {
  std::mt19937 random(7);
  std::vector<uint8_t> bits(64);
  for (uint8_t& byte : bits) byte = static_cast<uint8_t>(random());
  for (int64_t first = 0; first < 20; ++first) {
    for (int64_t count = 0; count < 100; ++count) {
      Levels spread(count, 9), merged(count), expected(count);
      for (int64_t i = 0; i < count; ++i) {
        expected[i] = arrow::bit_util::GetBit(bits.data(), first + i) ? 0 : 3;
        merged[i] = i % 5 == 0 ? 8 : 0;
      }
      SpreadNulls(bits.data(), first, count, 3, spread.data());
      EXPECT_EQ(spread, expected);
      MergeNulls(bits.data(), first, count, 3, merged.data());
      for (int64_t i = 0; i < count; i += 5) expected[i] = 8;
      EXPECT_EQ(merged, expected);
    }
  }
}

}  // namespace
}  // namespace lancea
