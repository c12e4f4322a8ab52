#include "lancea/encoding/compress/fastlanes.h"

#include <gtest/gtest.h>

#include "lancea/encoding/compress/naive_fastlanes_test_support.h"

namespace lancea::compress {
namespace {

template <typename T>
class FastLanes : public ::testing::Test {};
using Words = ::testing::Types<uint8_t, uint16_t, uint32_t, uint64_t>;
TYPED_TEST_SUITE(FastLanes, Words);

TYPED_TEST(FastLanes, UnpacksEveryWidth) {
  for (int width = 0; width <= static_cast<int>(8 * sizeof(TypeParam)); ++width) {
    SCOPED_TRACE(width);
    const auto values = test::RandomValues<TypeParam>(1024, width);
    const test::Buffer packed = test::NaivePack(values, width);
    std::vector<TypeParam> out(1024, TypeParam{1});
    FastLanesUnpack(packed.data(), width, out.data());
    ASSERT_EQ(out, values);
  }
}

TYPED_TEST(FastLanes, UnpacksAnyRangeOfAnyWidth) {
  for (int width = 0; width <= static_cast<int>(8 * sizeof(TypeParam)); ++width) {
    const auto values = test::RandomValues<TypeParam>(1024, width);
    const test::Buffer packed = test::NaivePack(values, width);
    for (auto [begin, end] : {std::pair(0, 1),
                              {1023, 1024},
                              {5, 5},
                              {0, 24},
                              {100, 124},
                              {0, 1024},
                              {129, 154},
                              {1, 1023},
                              {511, 777},
                              {1000, 1024}}) {
      SCOPED_TRACE(testing::Message() << "width " << width << ", " << begin << ".." << end);
      std::vector<TypeParam> out(static_cast<size_t>(end - begin), TypeParam{1});
      FastLanesUnpackRange(packed.data(), width, begin, end, out.data());
      ASSERT_EQ(out, std::vector<TypeParam>(values.begin() + begin, values.begin() + end));
    }
  }
}

TYPED_TEST(FastLanes, ReadsPackedBytesAtAnyAddress) {
  const auto values = test::RandomValues<TypeParam>(1024, 5);
  test::Buffer packed = test::NaivePack(values, 5);
  packed.insert(packed.begin(), 0xEE);
  std::vector<TypeParam> out(1024);
  FastLanesUnpack(packed.data() + 1, 5, out.data());
  EXPECT_EQ(out, values);
}

}  // namespace
}  // namespace lancea::compress
