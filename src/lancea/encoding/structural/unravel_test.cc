#include "lancea/encoding/structural/unravel.h"

#include <gtest/gtest.h>

#include "arrow/memory_pool.h"
#include "arrow/util/bit_util.h"

namespace lancea {
namespace {

using Levels = std::vector<uint16_t>;

constexpr int kAllValidItem = 1, kAllValidList = 2, kNullableItem = 3, kEmptyableList = 5,
              kNullAndEmptyList = 6;

arrow::Result<std::vector<StructureLayer>> UnravelColumn(const std::vector<int>& layers,
                                                         const Levels& rep, const Levels& def,
                                                         int64_t num_levels,
                                                         std::vector<int64_t> dimensions = {}) {
  ARROW_ASSIGN_OR_RAISE(RepDefLayers parsed, RepDefLayers::Make(layers));
  dimensions.resize(layers.size());
  return Unravel(parsed, dimensions, rep, def, num_levels, layers.size(),
                 arrow::default_memory_pool());
}

std::vector<bool> Validity(const StructureLayer& layer) {
  std::vector<bool> out(layer.num_slots, true);
  for (int64_t i = 0; i < layer.num_slots; ++i) {
    if (layer.validity) out[i] = arrow::bit_util::GetBit(layer.validity->data(), i);
  }
  return out;
}

std::vector<int32_t> Offsets(const StructureLayer& layer) {
  const int32_t* offsets = layer.offsets->data_as<int32_t>();
  return {offsets, offsets + layer.num_slots + 1};
}

TEST(Unravel, WithoutLevelsEverySlotIsValid) {
  auto layers = UnravelColumn({kAllValidItem}, {}, {}, 5).ValueOrDie();
  EXPECT_EQ(layers[0].num_slots, 5);
  EXPECT_EQ(layers[0].validity, nullptr);
}

TEST(Unravel, DefinitionLevelsBecomeValidityOfEveryStructLayer) {
  // struct<struct<int>>: 0 valid, 1 leaf null, 2 middle null, 3 outer null.
  auto layers = UnravelColumn({kNullableItem, kNullableItem, kNullableItem}, {}, {0, 3, 2, 1}, 4)
                    .ValueOrDie();
  EXPECT_EQ(Validity(layers[0]), (std::vector<bool>{true, false, false, false}));
  EXPECT_EQ(Validity(layers[1]), (std::vector<bool>{true, false, false, true}));
  EXPECT_EQ(Validity(layers[2]), (std::vector<bool>{true, false, true, true}));
}

TEST(Unravel, NullsOfLayersThatAreNotMadeHideLists) {
  // struct<list<list<int>>>: [[1], [2]], a null struct, [[3]]; the struct is read from a sibling.
  const int wire[] = {kAllValidItem, kEmptyableList, kAllValidList, kNullableItem};
  const Levels rep = {2, 1, 2, 2}, def = {0, 0, 2, 0};
  const std::vector<int64_t> dimensions(4, 0);
  auto layers = Unravel(RepDefLayers::Make(wire).ValueOrDie(), dimensions, rep, def, 4,
                        /*num_layers=*/3, arrow::default_memory_pool())
                    .ValueOrDie();
  EXPECT_EQ(layers[1].num_slots, 3);
  EXPECT_EQ(Offsets(layers[2]), (std::vector<int32_t>{0, 2, 2, 3}));
}

TEST(Unravel, ListsKeepNullAndEmptyApart) {
  // [[1, 2], null, [], [3]]
  auto layers =
      UnravelColumn({kAllValidItem, kNullAndEmptyList}, {1, 0, 1, 1, 1}, {0, 0, 1, 2, 0}, 5)
          .ValueOrDie();
  EXPECT_EQ(layers[0].num_slots, 3);
  EXPECT_EQ(Offsets(layers[1]), (std::vector<int32_t>{0, 2, 2, 2, 3}));
  EXPECT_EQ(Validity(layers[1]), (std::vector<bool>{true, false, true, true}));
}

TEST(Unravel, NestedListsFollowTheWorkedExampleOfTheFormat) {
  // [{<0,1>, <>, <2>}, {<3>}, {}], [], [{<4>}]; inner null 1 empty 2 are not both used: emptyable only.
  const Levels rep = {3, 0, 1, 1, 2, 2, 3, 3};
  // empty <> = 1, empty {} = 2, empty [] = 3
  const Levels def = {0, 0, 1, 0, 0, 2, 3, 0};
  auto layers =
      UnravelColumn({kAllValidItem, kEmptyableList, kEmptyableList, kEmptyableList}, rep, def, 8)
          .ValueOrDie();
  EXPECT_EQ(layers[0].num_slots, 5);
  EXPECT_EQ(Offsets(layers[1]), (std::vector<int32_t>{0, 2, 2, 3, 4, 5}));
  EXPECT_EQ(Offsets(layers[2]), (std::vector<int32_t>{0, 3, 4, 4, 5}));
  EXPECT_EQ(Offsets(layers[3]), (std::vector<int32_t>{0, 3, 3, 4}));
}

TEST(Unravel, ANullStructAboveAListOwnsANullList) {
  // struct<list<int>>: leaf valid, list null 1 empty 2, struct null 3. Rows: {[7]}, null, {[]}.
  auto layers =
      UnravelColumn({kAllValidItem, kNullAndEmptyList, kNullableItem}, {1, 1, 1}, {0, 3, 2}, 3)
          .ValueOrDie();
  EXPECT_EQ(layers[0].num_slots, 1);
  EXPECT_EQ(layers[1].num_slots, 3);
  EXPECT_EQ(Validity(layers[1]), (std::vector<bool>{true, false, true}));
  EXPECT_EQ(Validity(layers[2]), (std::vector<bool>{true, false, true}));
}

TEST(Unravel, FixedSizeListLayersKeepOneEventInEachDimension) {
  // fixed_size_list<struct<int>, 2>: leaf, struct, list (null 1): rows valid, null.
  auto layers =
      UnravelColumn({kAllValidItem, kAllValidItem, kNullableItem}, {}, {0, 0, 1, 1}, 4, {0, 0, 2})
          .ValueOrDie();
  EXPECT_EQ(layers[0].num_slots, 4);
  EXPECT_EQ(layers[2].num_slots, 2);
  EXPECT_EQ(Validity(layers[2]), (std::vector<bool>{true, false}));
}

TEST(Unravel, RefusesLevelsThatBeginInsideAList) {
  EXPECT_FALSE(UnravelColumn({kAllValidItem, kAllValidList}, {0, 1}, {}, 2).ok());
}

TEST(Unravel, RefusesListsWithoutRepetitionLevels) {
  EXPECT_FALSE(UnravelColumn({kAllValidItem, kAllValidList}, {}, {}, 2).ok());
}

TEST(Unravel, RefusesLevelsThatEndInsideAFixedSizeList) {
  EXPECT_FALSE(UnravelColumn({kAllValidItem, kNullableItem}, {}, {0, 0, 0}, 3, {0, 2}).ok());
}

TEST(RepDefLayers, RefusesUnknownKindsAndAListAsLeaf) {
  EXPECT_FALSE(RepDefLayers::Make(std::vector<int>{7}).ok());
  EXPECT_FALSE(RepDefLayers::Make(std::vector<int>{}).ok());
  EXPECT_FALSE(RepDefLayers::Make(std::vector<int>{kAllValidList}).ok());
}

TEST(RepDefLayers, NumbersLevelsFromTheLeafOutward) {
  auto layers =
      RepDefLayers::Make(std::vector<int>{kAllValidItem, kNullAndEmptyList, kNullAndEmptyList})
          .ValueOrDie();
  EXPECT_EQ(layers.layers()[1].null_level, 1);
  EXPECT_EQ(layers.layers()[1].empty_level, 2);
  EXPECT_EQ(layers.layers()[2].null_level, 3);
  EXPECT_EQ(layers.layers()[2].empty_level, 4);
  EXPECT_EQ(layers.max_rep(), 2);
  EXPECT_EQ(layers.max_visible_leaf(), 0);
}

}  // namespace
}  // namespace lancea
