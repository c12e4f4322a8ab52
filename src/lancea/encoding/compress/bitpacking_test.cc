#include "lancea/encoding/compress/bitpacking.h"

#include "lancea/encoding/compress/naive_fastlanes_test_support.h"

namespace lancea {
namespace {

using test::Buffer;

// One block of at most 1024 values behind its width.
template <typename T>
Buffer EncodeInline(const std::vector<T>& values, int width) {
  Buffer out;
  test::AppendWord(&out, static_cast<T>(width));
  test::Append(&out, test::NaivePack(values, width));
  return out;
}

template <typename T>
Buffer EncodeOutOfLine(const std::vector<T>& values, int width, bool raw_tail) {
  Buffer out;
  for (size_t at = 0; at < values.size(); at += 1024) {
    const size_t end = std::min(values.size(), at + 1024);
    const std::vector<T> block(values.begin() + static_cast<int64_t>(at),
                               values.begin() + static_cast<int64_t>(end));
    test::Append(&out, block.size() < 1024 && raw_tail ? test::ToBytes(block)
                                                       : test::NaivePack(block, width));
  }
  return out;
}

template <typename T>
class Bitpacking : public ::testing::Test {
 public:
  static constexpr int kBits = 8 * sizeof(T);
  static std::vector<int> Widths() { return {1, 3, kBits / 2, kBits - 1, kBits}; }
};
using Words = ::testing::Types<uint8_t, uint16_t, uint32_t, uint64_t>;
TYPED_TEST_SUITE(Bitpacking, Words);

TYPED_TEST(Bitpacking, InlineChunkGivesEverySubRange) {
  for (int width : this->Widths()) {
    for (int64_t num_values : {1, 2, 25, 1023, 1024}) {
      SCOPED_TRACE(testing::Message() << "width " << width);
      const auto values = test::RandomValues<TypeParam>(num_values, width);
      test::ExpectSubRanges(test::InlineBitpacking(this->kBits), {EncodeInline(values, width)},
                            values);
    }
  }
}

TYPED_TEST(Bitpacking, InlineChunkOfWidthZeroIsZeros) {
  const std::vector<TypeParam> zeros(777);
  test::ExpectSubRanges(test::InlineBitpacking(this->kBits), {EncodeInline(zeros, 0)}, zeros);
}

TYPED_TEST(Bitpacking, InlineChunkRejectsDamage) {
  const auto values = test::RandomValues<TypeParam>(1000, 5);
  const auto message = test::InlineBitpacking(this->kBits);
  const Buffer chunk = EncodeInline(values, 5);
  test::ExpectTruncationFails(message, std::vector<Buffer>{chunk}, 1000);
  test::SurviveFlips(message, {chunk}, 1000);
  test::ExpectFalseCountsFail(message, std::vector<Buffer>{chunk});
  Buffer too_wide = chunk;
  too_wide[0] = static_cast<uint8_t>(this->kBits + 1);
  EXPECT_FALSE(test::DecodeMiniBlock(message, {too_wide}, 1000, 0, 1000).status.ok());
}

TYPED_TEST(Bitpacking, InlineBlockReturnsItsValues) {
  const auto values = test::RandomValues<TypeParam>(1001, 3);
  const test::Decoded decoded =
      test::DecodeBlock(test::InlineBitpacking(this->kBits), EncodeInline(values, 3), 1001);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  EXPECT_EQ(decoded.data, test::ToBytes(values));
}

TYPED_TEST(Bitpacking, OutOfLineBlockTellsPackedFromRawTails) {
  for (int width : this->Widths()) {
    for (int64_t num_values : {0, 1, 1023, 1024, 1025, 4097}) {
      for (bool raw_tail : {false, true}) {
        SCOPED_TRACE(testing::Message()
                     << "width " << width << ", " << num_values << " values, raw " << raw_tail);
        const auto values = test::RandomValues<TypeParam>(num_values, width);
        const test::Decoded decoded =
            test::DecodeBlock(test::OutOfLineBitpacking(this->kBits, static_cast<uint64_t>(width)),
                              EncodeOutOfLine(values, width, raw_tail), num_values);
        ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
        ASSERT_EQ(decoded.data, test::ToBytes(values));
      }
    }
  }
}

TYPED_TEST(Bitpacking, OutOfLineBlockRejectsDamage) {
  const auto values = test::RandomValues<TypeParam>(1024 + 700, 3);
  const auto message = test::OutOfLineBitpacking(this->kBits, 3);
  const Buffer block = EncodeOutOfLine(values, 3, /*raw_tail=*/false);
  for (size_t cut : test::Cuts(block.size())) {
    // A cut may leave exactly the bytes of a raw tail.
    if (cut == 384 + 700 * sizeof(TypeParam)) continue;
    const Buffer damaged(block.begin(), block.begin() + static_cast<int64_t>(cut));
    EXPECT_FALSE(test::DecodeBlock(message, damaged, 1024 + 700).status.ok()) << cut;
  }
  test::ExpectFalseCountsFail(message, block);
}

TEST(BitpackingMessage, RejectsWidthsThatCannotBe) {
  EXPECT_FALSE(MakeMiniBlockDecoder(test::InlineBitpacking(24)).ok());
  EXPECT_FALSE(MakeBlockDecoder(test::OutOfLineBitpacking(16, 17)).ok());
  EXPECT_FALSE(MakeBlockDecoder(test::OutOfLineBitpacking(12, 3)).ok());
}

TEST(BitpackingMessage, BlockWithoutBitsDoesNotPromiseMemory) {
  test::ExpectFalseCountsFail(test::OutOfLineBitpacking(64, 0), Buffer());
}

}  // namespace
}  // namespace lancea
