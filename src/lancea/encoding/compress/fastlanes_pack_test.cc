#include "lancea/encoding/compress/fastlanes_pack.h"

#include "lancea/encoding/compress/naive_fastlanes_test_support.h"

namespace lancea {
namespace {

template <typename T>
class FastLanesPackTest : public testing::Test {};
using Words = testing::Types<uint8_t, uint16_t, uint32_t, uint64_t>;
TYPED_TEST_SUITE(FastLanesPackTest, Words);

TYPED_TEST(FastLanesPackTest, WritesWhatTheLayoutsDefinitionSays) {
  for (int width = 0; width <= static_cast<int>(8 * sizeof(TypeParam)); ++width) {
    const std::vector<TypeParam> values = test::RandomValues<TypeParam>(1024, width);
    // One byte further on: packed blocks lie behind headers.
    test::Buffer packed(static_cast<size_t>(compress::FastLanesBytes(width)) + 1, 0xAA);
    compress::FastLanesPack(values.data(), width, packed.data() + 1);
    packed.erase(packed.begin());
    ASSERT_EQ(packed, test::NaivePack(values, width)) << width;
  }
}

TYPED_TEST(FastLanesPackTest, UnpacksToTheSame) {
  for (int width = 0; width <= static_cast<int>(8 * sizeof(TypeParam)); ++width) {
    const std::vector<TypeParam> values = test::RandomValues<TypeParam>(1024, width);
    test::Buffer packed(static_cast<size_t>(compress::FastLanesBytes(width)));
    compress::FastLanesPack(values.data(), width, packed.data());
    std::vector<TypeParam> unpacked(1024);
    compress::FastLanesUnpack(packed.data(), width, unpacked.data());
    ASSERT_EQ(unpacked, values) << width;
  }
}

}  // namespace
}  // namespace lancea
