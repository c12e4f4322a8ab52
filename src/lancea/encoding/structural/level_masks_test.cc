#include "lancea/encoding/structural/level_masks.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

namespace lancea {
namespace {

TEST(LevelMasks, AgreeWithComparingOneByOne) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::array<uint16_t, kLevelsPerMask> levels;
    // Also levels that look negative where they are taken for signed.
    const uint16_t base = round % 4 == 0 ? 0x7FFE : round % 4 == 1 ? 0xFFF0 : 0;
    for (uint16_t& level : levels) level = static_cast<uint16_t>(base + random() % 5);
    for (uint16_t bound = base; bound < base + 5; ++bound) {
      uint64_t at_most = 0, equal = 0;
      for (int i = 0; i < kLevelsPerMask; ++i) {
        at_most |= uint64_t{levels[i] <= bound} << i;
        equal |= uint64_t{levels[i] == bound} << i;
      }
      ASSERT_EQ(MaskAtMost(levels.data(), bound), at_most);
      ASSERT_EQ(MaskEqual(levels.data(), bound), equal);
    }
  }
}

TEST(LevelMasks, CompressKeepsTheOrderOfTheBitsKept) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 1000; ++round) {
    const uint64_t bits = random();
    const uint64_t mask = round == 0 ? 0 : round == 1 ? ~uint64_t{0} : random() & random();
    uint64_t expected = 0;
    for (int i = 0, to = 0; i < 64; ++i) {
      if (mask >> i & 1) expected |= (bits >> i & 1) << to++;
    }
    ASSERT_EQ(CompressBits(bits, mask), expected);
  }
}

TEST(LevelMasks, CountsAnyNumberOfLevels) {
  std::mt19937 random(3);
  std::vector<uint16_t> levels(300);
  for (uint16_t& level : levels) level = static_cast<uint16_t>(random() % 4);
  for (int64_t count = 0; count <= 300; ++count) {
    int64_t expected = 0;
    for (int64_t i = 0; i < count; ++i) expected += levels[i] <= 1;
    ASSERT_EQ(CountAtMost(levels.data(), count, 1), expected);
  }
}

}  // namespace
}  // namespace lancea
