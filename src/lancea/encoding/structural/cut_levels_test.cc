#include "lancea/encoding/structural/cut_levels.h"

#include <gtest/gtest.h>

#include "arrow/buffer.h"

namespace lancea {
namespace {

PageLevels ListLevels(std::vector<uint16_t> rep, std::vector<uint16_t> def, int64_t num_values) {
  PageLevels levels;
  const int wire[] = {static_cast<int>(RepDefLayer::kAllValidItem),
                      static_cast<int>(RepDefLayer::kNullAndEmptyList)};
  levels.meaning = RepDefLayers::Make(wire).ValueOrDie();
  levels.rep = std::move(rep);
  levels.def = std::move(def);
  levels.num_events = static_cast<int64_t>(levels.rep.size());
  levels.num_values = num_values;
  return levels;
}

std::vector<EncodedChunk> Chunks(std::vector<uint32_t> num_values) {
  std::vector<EncodedChunk> out(num_values.size());
  for (size_t i = 0; i < out.size(); ++i) out[i].num_values = num_values[i];
  return out;
}

std::vector<uint64_t> IndexOf(const PageLevels& levels, const std::vector<int64_t>& ends) {
  auto index = MakeRepetitionIndex(levels.rep, ends, 1, arrow::default_memory_pool()).ValueOrDie();
  return {index->data_as<uint64_t>(), index->data_as<uint64_t>() + index->size() / 8};
}

TEST(CutLevels, NullsBehindTheLastValueOpenTheNextChunk) {
  const PageLevels levels =
      ListLevels({1, 0, 1, 1, 1, 0, 1}, {0, 0, 1, 2, 0, 0, 1}, /*num_values=*/4);
  EXPECT_EQ(CutLevels(levels, Chunks({2, 2})), (std::vector<int64_t>{0, 2, 7}));
}

TEST(CutLevels, CountsValuesAcrossManyEvents) {
  std::vector<uint16_t> rep(1000, 1), def(1000, 1);
  for (size_t i = 3; i < def.size(); i += 10) def[i] = 0;
  const PageLevels levels = ListLevels(rep, def, 100);
  EXPECT_EQ(CutLevels(levels, Chunks({32, 64, 4})), (std::vector<int64_t>{0, 314, 954, 1000}));
}

TEST(RepetitionIndex, CountsRowsWhereTheyEnd) {
  // Rows of 2, 3 and 1 items in chunks of 2, 2 and 2: the second row goes on into the third chunk.
  const PageLevels levels = ListLevels({1, 0, 1, 0, 0, 1}, {}, 6);
  EXPECT_EQ(IndexOf(levels, {0, 2, 4, 6}), (std::vector<uint64_t>{1, 0, 0, 2, 2, 0}));
}

TEST(RepetitionIndex, AChunkInsideALongRowFinishesNone) {
  const PageLevels levels = ListLevels({1, 0, 0, 0, 0, 0}, {}, 6);
  EXPECT_EQ(IndexOf(levels, {0, 2, 4, 6}), (std::vector<uint64_t>{0, 2, 0, 2, 1, 0}));
}

}  // namespace
}  // namespace lancea
