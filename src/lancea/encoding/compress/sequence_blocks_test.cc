#include "lancea/encoding/compress/sequence_blocks.h"

#include "lancea/encoding/compress/decoder_test_support.h"

namespace lancea {
namespace {

using test::Buffer;

TEST(ConstantBlock, RepeatsItsValueWhateverItsWidth) {
  for (size_t width : {1, 2, 3, 4, 8, 16, 32}) {
    const Buffer value = test::RandomValues<uint8_t>(static_cast<int64_t>(width), 8);
    Buffer expected;
    for (int i = 0; i < 1025; ++i) test::Append(&expected, value);
    const test::Decoded decoded = test::DecodeBlock(test::Constant(value), {}, 1025);
    ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
    EXPECT_EQ(decoded.data, expected);
  }
}

TEST(ConstantBlock, TakesNoBytesAndPromisesNoMemory) {
  const auto message = test::Constant({1, 2, 3, 4});
  EXPECT_FALSE(MakeBlockDecoder(message).ValueOrDie()->has_payload());
  test::ExpectFalseCountsFail(message, Buffer());
}

TEST(RangeBlock, CountsUpwards) {
  EXPECT_EQ(test::DecodeBlock(test::Range(32, 5, 3), {}, 4).data,
            test::ToBytes(std::vector<uint32_t>{5, 8, 11, 14}));
  EXPECT_EQ(test::DecodeBlock(test::Range(64, uint64_t{1} << 40, 1), {}, 2).data,
            test::ToBytes(std::vector<uint64_t>{uint64_t{1} << 40, (uint64_t{1} << 40) + 1}));
  EXPECT_FALSE(MakeBlockDecoder(test::Range(16, 0, 1)).ok());
}

TEST(RangeBlock, DoesNotLeaveItsWidth) {
  EXPECT_FALSE(test::DecodeBlock(test::Range(32, UINT32_MAX - 2, 1), {}, 4).status.ok());
  EXPECT_TRUE(test::DecodeBlock(test::Range(32, UINT32_MAX - 3, 1), {}, 4).status.ok());
  EXPECT_FALSE(test::DecodeBlock(test::Range(64, UINT64_MAX, 1), {}, 2).status.ok());
  EXPECT_FALSE(test::DecodeBlock(test::Range(64, 0, UINT64_MAX), {}, 3).status.ok());
  test::ExpectFalseCountsFail(test::Range(64, 0, 1), Buffer());
}

TEST(DeltaBlock, AddsUp) {
  const std::vector<uint32_t> deltas = {1, 0, 7, 100};
  EXPECT_EQ(test::DecodeBlock(test::Delta(32, 10, test::Flat(32)), test::ToBytes(deltas), 5).data,
            test::ToBytes(std::vector<uint32_t>{10, 11, 11, 18, 118}));
  EXPECT_EQ(
      test::DecodeBlock(test::Delta(64, 10, test::Constant({2, 0, 0, 0, 0, 0, 0, 0})), {}, 3).data,
      test::ToBytes(std::vector<uint64_t>{10, 12, 14}));
}

TEST(DeltaBlock, RejectsDamage) {
  const auto message = test::Delta(64, 3, test::Flat(64));
  const Buffer block = test::ToBytes(test::RandomValues<uint64_t>(200, 20));
  ASSERT_TRUE(test::DecodeBlock(message, block, 201).status.ok());
  test::ExpectTruncationFails(message, block, 201);
  test::ExpectFalseCountsFail(message, block);
}

TEST(DeltaBlock, DoesNotLeaveItsWidth) {
  const std::vector<uint32_t> deltas = {UINT32_MAX, 2};
  EXPECT_FALSE(
      test::DecodeBlock(test::Delta(32, 0, test::Flat(32)), test::ToBytes(deltas), 3).status.ok());
  EXPECT_FALSE(test::DecodeBlock(test::Delta(32, uint64_t{1} << 32, test::Flat(32)),
                                 test::ToBytes(std::vector<uint32_t>{1}), 2)
                   .status.ok());
}

TEST(DeltaBlock, DifferencesHaveItsWidth) {
  EXPECT_FALSE(MakeBlockDecoder(test::Delta(32, 0, test::Flat(64))).ok());
}

}  // namespace
}  // namespace lancea
