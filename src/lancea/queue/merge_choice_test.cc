#include "lancea/queue/merge_choice.h"

#include <gtest/gtest.h>

namespace lancea::queue {
namespace {

FragmentMetadata Fragment(uint64_t id, uint64_t rows) {
  FragmentMetadata fragment;
  fragment.id = id;
  fragment.physical_rows = rows;
  fragment.files.emplace_back().file_size_bytes = rows * 10;
  return fragment;
}

MergeLimits Limits() {
  return {.base_rows = 10, .fanout = 4, .max_rows = 640, .max_bytes = 1 << 20};
}

TEST(MergeChoice, WaitsForAGapOfIds) {
  std::vector<FragmentMetadata> fragments;
  for (uint64_t id = 0; id < 5; ++id) fragments.push_back(Fragment(id, 10));
  EXPECT_FALSE(ChooseMerge(fragments, Limits()));
  fragments.back().id = 16;
  const auto choice = ChooseMerge(fragments, Limits());
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->begin, 0);
  EXPECT_EQ(choice->end, 4);
  EXPECT_EQ(choice->id, 4);
}

TEST(MergeChoice, LargeOnesAreLeftAlone) {
  std::vector<FragmentMetadata> fragments = {Fragment(0, 10), Fragment(1, 640), Fragment(2, 10),
                                             Fragment(3, 10), Fragment(4, 10),  Fragment(20, 10)};
  EXPECT_FALSE(ChooseMerge(fragments, Limits()));
}

TEST(MergeChoice, WantsAReservationAfterEachFanout) {
  std::vector<FragmentMetadata> fragments;
  for (uint64_t id = 0; id < 3; ++id) fragments.push_back(Fragment(id, 10));
  EXPECT_FALSE(WantsReservation(fragments, 4));
  fragments.push_back(Fragment(3, 10));
  EXPECT_TRUE(WantsReservation(fragments, 4));
  fragments.push_back(Fragment(16, 10));
  EXPECT_FALSE(WantsReservation(fragments, 4));
}

// Flushes, reservations and merges as a bucket makes them.
TEST(MergeChoice, KeepsFragmentsFewRowsInOrderAndRewritesEachRowOnceATier) {
  std::vector<FragmentMetadata> fragments;
  uint64_t next_id = 0, written = 0, rows = 0;
  for (int flush = 0; flush < 5000; ++flush) {
    if (WantsReservation(fragments, Limits().fanout)) next_id += kReservedIds;
    fragments.push_back(Fragment(next_id++, 10));
    rows += 10;
    while (auto choice = ChooseMerge(fragments, Limits())) {
      uint64_t merged = 0;
      for (size_t i = choice->begin; i < choice->end; ++i) merged += fragments[i].physical_rows;
      ASSERT_LE(merged, Limits().max_rows);
      written += merged;
      const auto begin = fragments.begin() + static_cast<ptrdiff_t>(choice->begin);
      *begin = Fragment(choice->id, merged);
      fragments.erase(begin + 1, fragments.begin() + static_cast<ptrdiff_t>(choice->end));
    }
    uint64_t total = 0;
    for (size_t i = 0; i < fragments.size(); ++i) {
      total += fragments[i].physical_rows;
      if (i > 0) {
        ASSERT_LT(fragments[i - 1].id, fragments[i].id);
      }
    }
    ASSERT_EQ(total, rows);
    ASSERT_LE(fragments.size(), rows / Limits().max_rows * 3 / 2 + 5 * Limits().fanout);
  }
  EXPECT_LE(written, rows * 6);
}

}  // namespace
}  // namespace lancea::queue
