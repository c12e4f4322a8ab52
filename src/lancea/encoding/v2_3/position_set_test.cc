#include "lancea/encoding/v2_3/position_set.h"

#include <gtest/gtest.h>

#include <vector>

#include "arrow/buffer.h"

namespace lancea::v2_3 {
namespace {

PositionSet Explicit(std::vector<uint64_t> positions, uint64_t domain) {
  return PositionSet::Explicit(arrow::Buffer::FromVector(std::move(positions)), domain)
      .ValueOrDie();
}

std::vector<uint64_t> Members(const PositionSet& set) {
  std::vector<uint64_t> out;
  set.ForEach(0, set.size(), [&](uint64_t position) { out.push_back(position); });
  return out;
}

// Every rank with every usable hint against counting.
void ExpectRanksCount(const PositionSet& set, uint64_t domain) {
  const std::vector<uint64_t> members = Members(set);
  uint64_t below = 0;
  for (uint64_t position = 0; position <= domain; ++position) {
    for (uint64_t hint = 0; hint <= below; ++hint) {
      ASSERT_EQ(set.Rank(position, hint), below) << position << " from " << hint;
    }
    if (below < members.size() && members[below] == position) ++below;
  }
}

TEST(PositionSet, RankCountsTheMembersBelow) {
  ExpectRanksCount(PositionSet(), 5);
  ExpectRanksCount(PositionSet::Progression(0, 1, 9, 9).ValueOrDie(), 9);
  ExpectRanksCount(PositionSet::Progression(3, 1, 4, 20).ValueOrDie(), 20);
  ExpectRanksCount(PositionSet::Progression(2, 5, 4, 20).ValueOrDie(), 20);
  ExpectRanksCount(PositionSet::Progression(19, 7, 1, 20).ValueOrDie(), 20);
  ExpectRanksCount(Explicit({0, 2, 3, 9, 10, 11, 12, 30, 31, 39}, 40), 40);
}

TEST(PositionSet, KeepsAllNeighboursAsAProgression) {
  const PositionSet set = Explicit({5, 6, 7, 8}, 9);
  EXPECT_TRUE(set.is_progression());
  EXPECT_EQ(Members(set), (std::vector<uint64_t>{5, 6, 7, 8}));
}

TEST(PositionSet, ForEachRunJoinsNeighbours) {
  std::vector<std::pair<uint64_t, uint64_t>> runs;
  Explicit({0, 2, 3, 4, 9, 10}, 40).ForEachRun(1, 6, [&](uint64_t b, uint64_t e) {
    runs.emplace_back(b, e);
  });
  EXPECT_EQ(runs, (std::vector<std::pair<uint64_t, uint64_t>>{{2, 5}, {9, 11}}));
}

TEST(PositionSet, AProgressionOfATrillionTakesNoMemory) {
  const uint64_t many = 1'000'000'000'000;
  const PositionSet set = PositionSet::Progression(3, 7, many, 8 * many).ValueOrDie();
  EXPECT_EQ(set.memory_bytes(), 0);
  EXPECT_EQ(set.Rank(3 + 7 * (many - 1)), many - 1);
}

TEST(PositionSet, RejectsWhatDoesNotAscendInsideItsDomain) {
  EXPECT_FALSE(PositionSet::Progression(0, 0, 2, 10).ok());
  EXPECT_FALSE(PositionSet::Progression(10, 1, 1, 10).ok());
  EXPECT_FALSE(PositionSet::Progression(1, 3, 4, 10).ok());
  EXPECT_FALSE(PositionSet::Progression(1, ~uint64_t{0}, 3, 10).ok());
  EXPECT_FALSE(PositionSet::Progression(1, 1, ~uint64_t{0}, 10).ok());
  for (std::vector<uint64_t> bad : {std::vector<uint64_t>{1, 1}, {2, 1}, {0, 10}}) {
    EXPECT_FALSE(PositionSet::Explicit(arrow::Buffer::FromVector(bad), 10).ok());
  }
}

}  // namespace
}  // namespace lancea::v2_3
