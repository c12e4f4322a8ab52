#include "lancea/encoding/v2_3/slot_runs.h"

#include <gtest/gtest.h>

namespace lancea::v2_3 {
namespace {

using Ranges = std::vector<RowRange>;

TEST(SlotRuns, SelectFindsStoredValuesAndWhereTheyGo) {
  const SlotRuns runs(Ranges{{2, 5}, {8, 9}, {12, 20}});
  const StoredSelection all = runs.Select(Ranges{{0, 25}});
  EXPECT_EQ(all.ordinals, (Ranges{{0, 12}}));
  EXPECT_EQ(all.targets, (Ranges{{2, 5}, {8, 9}, {12, 20}}));

  const StoredSelection some = runs.Select(Ranges{{0, 1}, {3, 4}, {4, 9}, {13, 14}, {18, 22}});
  EXPECT_EQ(some.ordinals, (Ranges{{1, 4}, {5, 6}, {10, 12}}));
  EXPECT_EQ(some.slots, (Ranges{{3, 5}, {8, 9}, {13, 14}, {18, 20}}));
  EXPECT_EQ(some.targets, (Ranges{{1, 3}, {6, 10}}));
}

TEST(SlotRuns, AnEmptySetStoresNothing) {
  EXPECT_EQ(SlotRuns().num_stored(), 0);
  EXPECT_TRUE(SlotRuns().Select(Ranges{{0, 3}}).ordinals.empty());
}

TEST(Intersect, KeepsWhatIsInBoth) {
  EXPECT_EQ(Intersect(Ranges{{0, 4}, {6, 10}}, Ranges{{1, 2}, {3, 7}, {9, 20}}),
            (Ranges{{1, 2}, {3, 4}, {6, 7}, {9, 10}}));
}

}  // namespace
}  // namespace lancea::v2_3
