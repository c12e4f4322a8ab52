#include "lancea/encoding/compress/make_decoder.h"

#include "lancea/encoding/compress/decoder_test_support.h"

namespace lancea {
namespace {

TEST(DescribeEncoding, ReadsAsATree) {
  EncodingMessage fsst;
  *fsst.mutable_fsst()->mutable_values() = test::Variable(test::Flat(32));
  EXPECT_EQ(DescribeEncoding(fsst), "fsst(variable(flat(32)))");
  EXPECT_EQ(DescribeEncoding(test::Rle(test::Flat(16), test::Flat(8))), "rle(flat(16), flat(8))");
  EXPECT_EQ(DescribeEncoding(EncodingMessage()), "unknown");
}

TEST(DescribeEncoding, SaysTheSameOf21) {
  lance::encodings21::CompressiveEncoding old;
  old.mutable_rle()->mutable_values()->mutable_flat()->set_bits_per_value(16);
  old.mutable_rle()->mutable_run_lengths()->mutable_flat()->set_bits_per_value(8);
  EXPECT_EQ(DescribeEncoding(old), DescribeEncoding(test::Rle(test::Flat(16), test::Flat(8))));
}

TEST(MakeDecoder, ReadsDescriptionsOf21) {
  lance::encodings21::CompressiveEncoding old;
  old.mutable_inline_bitpacking()->set_uncompressed_bits_per_value(32);
  EXPECT_EQ(MakeMiniBlockDecoder(old).ValueOrDie()->shape().bits_per_value, 32u);
  old.mutable_constant()->set_value("abcdefgh");
  EXPECT_EQ(MakeBlockDecoder(old).ValueOrDie()->shape().bits_per_value, 64u);
  old.mutable_flat()->set_bits_per_value(128);
  EXPECT_EQ(MakePerValueDecoder(old).ValueOrDie()->shape().bits_per_value, 128u);
}

TEST(MakeDecoder, RefusesEncodingsOutOfPlace) {
  EXPECT_FALSE(MakeMiniBlockDecoder(test::Range(64, 0, 1)).ok());
  EXPECT_FALSE(MakeMiniBlockDecoder(test::Constant({1})).ok());
  EXPECT_FALSE(MakePerValueDecoder(test::Rle(test::Flat(16), test::Flat(8))).ok());
  EXPECT_FALSE(MakeMiniBlockDecoder(EncodingMessage()).ok());
  EXPECT_FALSE(MakeBlockDecoder(EncodingMessage()).ok());
  EXPECT_FALSE(MakePerValueDecoder(EncodingMessage()).ok());
}

// Levels are decoded to 16-bit builders whatever a page's description says of their width.
TEST(MakeDecoder, BlocksRefuseBuildersOfAnotherShape) {
  const test::Buffer block = test::ToBytes(std::vector<uint64_t>(100, 1));
  for (const EncodingMessage& message :
       {test::Flat(64), test::InlineBitpacking(64), test::OutOfLineBitpacking(32, 2),
        test::Rle(test::Flat(8), test::Flat(8)), test::Constant({1, 2, 3, 4}),
        test::Range(64, 0, 1), test::Delta(64, 0, test::Flat(64)), test::Variable(test::Flat(32)),
        test::General(lance::encodings23::COMPRESSION_ALGORITHM_LZ4, test::Flat(64))}) {
    auto decoder = MakeBlockDecoder(message).ValueOrDie();
    ValueBuilder levels = ValueBuilder::Fixed(16, arrow::default_memory_pool());
    EXPECT_FALSE(decoder->Decode(block, 50, &levels).ok()) << DescribeEncoding(message);
  }
  auto list = MakeBlockDecoder(test::FixedSizeList(4, true, test::Flat(16))).ValueOrDie();
  ValueBuilder without_validity = ValueBuilder::Fixed(16, arrow::default_memory_pool());
  EXPECT_FALSE(list->Decode(block, 1, &without_validity).ok());
}

TEST(MakeDecoder, ChildrenRefuseBuildersOfAnotherShapeToo) {
  const EncodingMessage list = test::FixedSizeList(1, true, test::Flat(8));
  const test::Buffer block(64, 1);
  for (const EncodingMessage& message :
       {test::Rle(list, test::Flat(8)), test::Rle(test::Flat(8), list),
        test::Delta(64, 0, test::FixedSizeList(1, true, test::Flat(64)))}) {
    EXPECT_FALSE(test::DecodeBlock(message, block, 8).status.ok()) << DescribeEncoding(message);
  }
}

TEST(MakeDecoder, BlocksRefuseNegativeCounts) {
  const test::Decoded decoded = test::DecodeBlock(test::Flat(64), test::Buffer(80), -1);
  EXPECT_FALSE(decoded.status.ok());
}

TEST(MakeDecoder, RefusesEndlessNesting) {
  EncodingMessage deep = test::Flat(32);
  for (int i = 0; i < 60; ++i) {
    deep = test::General(lance::encodings23::COMPRESSION_ALGORITHM_LZ4, deep);
  }
  EXPECT_FALSE(MakeMiniBlockDecoder(deep).ok());
  EXPECT_FALSE(MakeBlockDecoder(deep).ok());
  EXPECT_FALSE(MakePerValueDecoder(deep).ok());
  EXPECT_FALSE(DescribeEncoding(deep).empty());
}

// Each of these may hold as many values as a page may claim while the next is decoded.
TEST(MakeDecoder, RefusesManyEncodingsThatHoldTheirChildren) {
  for (int levels = 1; levels <= 6; ++levels) {
    EncodingMessage runs = test::Constant({1, 2}), deltas = test::Range(64, 0, 1);
    for (int i = 0; i < levels; ++i) {
      runs = test::Rle(runs, test::Constant({1}));
      deltas = test::Delta(64, 0, deltas);
    }
    EXPECT_EQ(MakeBlockDecoder(runs).ok(), levels <= 4) << levels;
    EXPECT_EQ(MakeBlockDecoder(deltas).ok(), levels <= 4) << levels;
  }
}

}  // namespace
}  // namespace lancea
