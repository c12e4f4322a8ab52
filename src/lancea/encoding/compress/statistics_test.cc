#include "lancea/encoding/compress/statistics.h"

#include "lancea/encoding/compress/encoder_test_support.h"

namespace lancea {
namespace {

using test::BitBlock;
using test::FixedBlock;
using test::VariableBlock;

template <typename T>
class FixedStatisticsTest : public testing::Test {};
using Words = testing::Types<uint8_t, uint16_t, uint32_t, uint64_t>;
TYPED_TEST_SUITE(FixedStatisticsTest, Words);

TYPED_TEST(FixedStatisticsTest, AgreesWithANaiveCount) {
  std::mt19937_64 random(3);
  for (int64_t size : {0, 1, 2, 127, 128, 129, 1023, 1024, 1025, 5000}) {
    std::vector<TypeParam> values;
    while (static_cast<int64_t>(values.size()) < size) {
      const auto value = static_cast<TypeParam>(random() >> (random() % 64));
      for (uint64_t run = random() % 400 + 1; run > 0; --run) values.push_back(value);
    }
    values.resize(static_cast<size_t>(size));
    int64_t runs = 0;
    std::vector<uint8_t> widths(static_cast<size_t>((size + 1023) / 1024));
    for (size_t i = 0; i < values.size(); ++i) {
      runs += i == 0 || values[i] != values[i - 1];
      widths[i / 1024] =
          std::max(widths[i / 1024], static_cast<uint8_t>(std::bit_width(values[i])));
    }
    const FixedStatistics statistics = MeasureFixed(FixedBlock(values));
    EXPECT_EQ(statistics.num_runs, runs) << size;
    EXPECT_EQ(statistics.block_widths, widths) << size;
  }
}

TEST(CountRunEntries, SplitsLongRunsAndRunsAcrossChunks) {
  EXPECT_EQ(CountRunEntries(FixedBlock(std::vector<int32_t>(1000, 7)), 4096), 4);
  EXPECT_EQ(CountRunEntries(FixedBlock(std::vector<int32_t>(1020, 7)), 4096), 4);
  EXPECT_EQ(CountRunEntries(FixedBlock(std::vector<int32_t>(300, 7)), 128), 3);
  EXPECT_EQ(CountRunEntries(FixedBlock(std::vector<int32_t>{1, 1, 2, 1}), 4096), 3);
}

TEST(MeasureVariable, FindsTheLongestValue) {
  const VariableStatistics statistics = MeasureVariable(VariableBlock({"a", "", "abcd", "xy"}));
  EXPECT_EQ(statistics.max_length, 4);
  EXPECT_EQ(statistics.total_bytes, 7);
}

TEST(AllEqual, TellsFixedValues) {
  EXPECT_EQ(AllEqual(FixedBlock(std::vector<int32_t>(1000, -5)), nullptr), 0);
  EXPECT_EQ(AllEqual(FixedBlock(std::vector<int32_t>{1}), nullptr), 0);
  EXPECT_FALSE(AllEqual(FixedBlock(std::vector<int32_t>{}), nullptr));
  std::vector<int64_t> values(1000, 3);
  values[999] = 4;
  EXPECT_FALSE(AllEqual(FixedBlock(values), nullptr));
}

TEST(AllEqual, LooksAtChosenValuesOnly) {
  const uint8_t odd[] = {0xAA}, none[] = {0};
  const auto block = FixedBlock(std::vector<int16_t>{9, 1, 8, 1, 7, 1, 6, 1});
  EXPECT_EQ(AllEqual(block, odd), 1);
  EXPECT_FALSE(AllEqual(block, none));
  EXPECT_EQ(AllEqual(VariableBlock({"x", "yy", "z", "yy"}), odd), 1);
}

TEST(AllEqual, TellsBitsTextAndStructs) {
  std::vector<bool> bits(77, true);
  EXPECT_EQ(AllEqual(BitBlock(bits), nullptr), 0);
  for (size_t at : {0, 7, 8, 76}) {
    bits[at] = false;
    EXPECT_FALSE(AllEqual(BitBlock(bits), nullptr)) << at;
    bits[at] = true;
  }
  EXPECT_EQ(AllEqual(VariableBlock({"ab", "ab"}), nullptr), 0);
  EXPECT_FALSE(AllEqual(VariableBlock({"ab", "abc"}), nullptr));
  EXPECT_FALSE(AllEqual(VariableBlock({"ab", "ac"}), nullptr));
  ValueBlock both;
  both.num_values = 2;
  both.children = {FixedBlock(std::vector<int8_t>{1, 1}), VariableBlock({"a", "a"})};
  EXPECT_EQ(AllEqual(both, nullptr), 0);
  both.children[1] = VariableBlock({"a", "b"});
  EXPECT_FALSE(AllEqual(both, nullptr));
}

TEST(ByteEntropy, IsNothingOfConstantsAndEightOfNoise) {
  EXPECT_EQ(ByteEntropy(FixedBlock(std::vector<int64_t>(5000, 77))), 0);
  EXPECT_GT(ByteEntropy(FixedBlock(test::RandomValues<uint32_t>(50000, 32))), 7.9);
}

}  // namespace
}  // namespace lancea
