#include "lancea/encoding/structural/chunk_index.h"

#include <gtest/gtest.h>

namespace lancea {
namespace {

template <typename T>
Bytes AsBytes(const std::vector<T>& values) {
  return Bytes(reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T));
}

// The word of the format: (bytes / 8 - 1) << 4 | log2(values).
uint16_t Word(int bytes, int log) { return static_cast<uint16_t>((bytes / 8 - 1) << 4 | log); }

TEST(ChunkIndex, TheLastChunkHoldsWhatIsLeftWhateverItsLogSays) {
  for (int last_log : {0, 5}) {
    const std::vector<uint16_t> words = {Word(64, 10), Word(32, 10), Word(8, last_log)};
    auto index = ChunkIndex::Make(AsBytes(words), false, 2080, 104).ValueOrDie();
    EXPECT_EQ(index.value_end(2), 2080u);
    EXPECT_EQ(index.byte_begin(2), 96u);
    EXPECT_EQ(index.ChunkOfValue(1023), 0);
    EXPECT_EQ(index.ChunkOfValue(1024), 1);
    EXPECT_EQ(index.ChunkOfValue(2079), 2);
  }
}

TEST(ChunkIndex, FindsValuesInChunksOfDifferentSizes) {
  const std::vector<uint32_t> words = {Word(8, 3), Word(8, 1), Word(8, 4), Word(8, 0)};
  auto index = ChunkIndex::Make(AsBytes(words), true, 27, 32).ValueOrDie();
  EXPECT_EQ(index.ChunkOfValue(7), 0);
  EXPECT_EQ(index.ChunkOfValue(9), 1);
  EXPECT_EQ(index.ChunkOfValue(10), 2);
  EXPECT_EQ(index.ChunkOfValue(26), 3);
}

TEST(ChunkIndex, RefusesChunksThatContradictThePage) {
  const std::vector<uint16_t> words = {Word(64, 10), Word(32, 10)};
  EXPECT_FALSE(ChunkIndex::Make(AsBytes(words), false, 1500, 64).ok()) << "past the buffer";
  EXPECT_FALSE(ChunkIndex::Make(AsBytes(words), false, 1000, 96).ok()) << "too many values";
  EXPECT_FALSE(ChunkIndex::Make(Bytes(), false, 1, 96).ok()) << "no chunk for the value";
}

TEST(ChunkIndex, FollowsARowThroughTheChunksItSpans) {
  // Row 0 ends in chunk 0; row 1 begins there, fills chunk 1 and ends in chunk 2, where row 2 lies.
  const std::vector<uint16_t> words = {Word(8, 3), Word(8, 3), Word(8, 3)};
  auto index = ChunkIndex::Make(AsBytes(words), false, 24, 24).ValueOrDie();
  const std::vector<uint64_t> rows = {1, 4, 0, 8, 2, 0};
  ASSERT_TRUE(index.SetRows(AsBytes(rows), 1, 3).ok());
  EXPECT_EQ(index.ChunkOfRowStart(1), 0);
  EXPECT_EQ(index.ChunkOfRowEnd(1), 2);
  EXPECT_EQ(index.ChunkOfRowStart(2), 2);
  EXPECT_EQ(index.first_row(2), 2u);
  EXPECT_TRUE(index.has_preamble(1));
  EXPECT_TRUE(index.has_preamble(2));
  EXPECT_FALSE(index.has_preamble(0));
}

TEST(ChunkIndex, RefusesARepetitionIndexThatDoesNotSumToThePage) {
  const std::vector<uint16_t> words = {Word(8, 3)};
  auto index = ChunkIndex::Make(AsBytes(words), false, 8, 8).ValueOrDie();
  EXPECT_FALSE(index.SetRows(AsBytes(std::vector<uint64_t>{2, 0}), 1, 3).ok());
  EXPECT_FALSE(index.SetRows(AsBytes(std::vector<uint64_t>{UINT64_MAX, 0}), 1, 3).ok());
  EXPECT_FALSE(index.SetRows(AsBytes(std::vector<uint64_t>{3}), 1, 3).ok());
}

TEST(ChunkIndex, RefusesARepetitionIndexOfAnyOtherDepth) {
  const std::vector<uint16_t> words = {Word(8, 3)};
  auto index = ChunkIndex::Make(AsBytes(words), false, 8, 8).ValueOrDie();
  for (uint32_t depth : {2u, 1u << 30, UINT32_MAX}) {
    EXPECT_FALSE(index.SetRows(AsBytes(std::vector<uint64_t>{3, 0}), depth, 3).ok()) << depth;
  }
}

}  // namespace
}  // namespace lancea
