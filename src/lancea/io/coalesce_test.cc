#include "lancea/io/coalesce.h"

#include <gtest/gtest.h>

#include <random>

namespace lancea {
namespace {

using Ranges = std::vector<ByteRange>;

struct Case {
  const char* name;
  Ranges ranges;
  uint64_t block_size;
  uint64_t max_iop_size;
  Ranges reads;
};

const Case kCases[] = {
    {"NothingIsNoRead", {}, 10, 100, {}},
    {"OneRangeIsOneRead", {{5, 7}}, 10, 100, {{5, 7}}},
    {"ABlockApartIsMerged", {{0, 10}, {20, 10}}, 10, 100, {{0, 30}}},
    {"MoreThanABlockApartIsNot", {{0, 10}, {21, 10}}, 10, 100, {{0, 10}, {21, 10}}},
    {"OrderDoesNotMatter", {{20, 10}, {0, 10}}, 10, 100, {{0, 30}}},
    {"DuplicatesAreReadOnce", {{4, 4}, {4, 4}}, 0, 100, {{4, 4}}},
    {"OneInsideAnotherIsFree", {{0, 50}, {10, 5}}, 0, 100, {{0, 50}}},
    {"LongRangesAreSplit", {{3, 25}}, 0, 10, {{3, 10}, {13, 10}, {23, 5}}},
    {"NeighboursAreNotMergedPastTheLargestRead", {{0, 8}, {8, 8}}, 4, 10, {{0, 8}, {8, 8}}},
    {"OverlappingOnesAreSoThatReadsAreDisjoint", {{0, 8}, {7, 8}}, 4, 10, {{0, 10}, {10, 5}}},
    {"EmptyRangeIsAnEmptyRead", {{9, 0}}, 4, 10, {{9, 0}}},
    {"LargestReadOfZeroCountsAsOne", {{1, 2}}, 0, 0, {{1, 1}, {2, 1}}},
    {"HugeBlockSizeDoesNotWrap", {{10, 1}, {50, 1}}, ~uint64_t{0}, 100, {{10, 41}}},
    {"EndOfTheNumbersDoesNotWrap",
     {{~uint64_t{0} - 4, 4}, {~uint64_t{0} - 20, 4}},
     100,
     100,
     {{~uint64_t{0} - 20, 20}}},
};

class CoalesceTable : public testing::TestWithParam<Case> {};
TEST_P(CoalesceTable, GivesTheReads) {
  const Case& c = GetParam();
  EXPECT_EQ(Coalesce(c.ranges, c.block_size, c.max_iop_size).reads, c.reads);
}
INSTANTIATE_TEST_SUITE_P(Coalesce, CoalesceTable, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(Coalesce, EveryByteOfEveryRangeIsWhereItsSliceSays) {
  std::mt19937_64 random(20240607);
  for (int round = 0; round < 300; ++round) {
    auto below = [&](uint64_t end) { return random() % end; };
    Ranges ranges(below(12));
    for (ByteRange& range : ranges) range = {below(200), below(60)};
    const uint64_t block_size = below(20), max_iop_size = 1 + below(70);
    const CoalescedReads plan = Coalesce(ranges, block_size, max_iop_size);
    for (size_t i = 0; i < plan.reads.size(); ++i) {
      ASSERT_LE(plan.reads[i].length, max_iop_size);
      if (i > 0) {
        ASSERT_GE(plan.reads[i].offset, plan.reads[i - 1].offset + plan.reads[i - 1].length);
      }
    }
    ASSERT_EQ(plan.slices.size(), ranges.size());
    for (size_t i = 0; i < ranges.size(); ++i) {
      const auto& slice = plan.slices[i];
      ASSERT_GE(slice.num_reads, 1u);
      ASSERT_LE(slice.first_read + slice.num_reads, plan.reads.size());
      std::vector<uint64_t> found;
      for (size_t k = 0; k < slice.num_reads; ++k) {
        const ByteRange& read = plan.reads[slice.first_read + k];
        for (uint64_t b = k == 0 ? slice.offset : 0; b < read.length; ++b)
          found.push_back(read.offset + b);
      }
      ASSERT_GE(found.size(), ranges[i].length);
      for (uint64_t b = 0; b < ranges[i].length; ++b) ASSERT_EQ(found[b], ranges[i].offset + b);
    }
  }
}

TEST(Coalesce, ARangeThatFitsOneReadIsNeverSplitAmongDisjointOnes) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    Ranges ranges;
    uint64_t at = 0;
    for (int i = 0; i < 20; ++i) {
      at += random() % 6;
      ranges.push_back({at, 1 + random() % 16});
      at += ranges.back().length;
    }
    for (const auto& slice : Coalesce(ranges, 4, 16).slices) ASSERT_EQ(slice.num_reads, 1u);
  }
}

}  // namespace
}  // namespace lancea
