#include "lancea/encoding/compress/general.h"

#include <lz4.h>
#include <zstd.h>

#include "lancea/encoding/compress/decoder_test_support.h"

namespace lancea {
namespace {

using lance::encodings23::COMPRESSION_ALGORITHM_LZ4;
using lance::encodings23::COMPRESSION_ALGORITHM_ZSTD;
using test::Buffer;

Buffer Frame(const Buffer& bytes) {
  Buffer frame(ZSTD_compressBound(bytes.size()));
  frame.resize(ZSTD_compress(frame.data(), frame.size(), bytes.data(), bytes.size(), 3));
  return frame;
}

// A frame whose header does not tell its size, as a streaming compressor makes it.
Buffer FrameOfUnknownSize(const Buffer& bytes) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  Buffer frame(ZSTD_compressBound(bytes.size()) + 64);
  ZSTD_outBuffer out = {frame.data(), frame.size(), 0};
  ZSTD_inBuffer in = {bytes.data(), bytes.size(), 0};
  while (in.pos < in.size) ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue);
  while (ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) != 0) {
  }
  ZSTD_freeCCtx(context);
  frame.resize(out.pos);
  return frame;
}

Buffer Compress(lance::encodings23::CompressionScheme scheme, const Buffer& bytes) {
  Buffer out;
  if (scheme == COMPRESSION_ALGORITHM_ZSTD) {
    test::AppendWord<uint64_t>(&out, bytes.size());
    test::Append(&out, Frame(bytes));
    return out;
  }
  test::AppendWord<uint32_t>(&out, static_cast<uint32_t>(bytes.size()));
  Buffer block(static_cast<size_t>(LZ4_compressBound(static_cast<int>(bytes.size()))));
  block.resize(static_cast<size_t>(LZ4_compress_default(
      reinterpret_cast<const char*>(bytes.data()), reinterpret_cast<char*>(block.data()),
      static_cast<int>(bytes.size()), static_cast<int>(block.size()))));
  test::Append(&out, block);
  return out;
}

class General : public ::testing::TestWithParam<lance::encodings23::CompressionScheme> {
 protected:
  EncodingMessage Around(const EncodingMessage& values) const {
    return test::General(GetParam(), values);
  }
  const std::vector<uint32_t> values_ = test::RandomValues<uint32_t>(2000, 7);
  const Buffer bytes_ = test::ToBytes(values_);
};

TEST_P(General, ChunkGivesEverySubRange) {
  test::ExpectSubRanges(Around(test::Flat(32)), {Compress(GetParam(), bytes_)}, values_);
  test::ExpectSubRanges(Around(test::Flat(32)), {Compress(GetParam(), {})},
                        std::vector<uint32_t>());
}

TEST_P(General, OnlyTheFirstBufferOfAChunkIsCompressed) {
  const std::vector<uint16_t> run_values = {7, 8, 7, 9};
  const Buffer lengths = {3, 250, 1, 9};
  std::vector<uint16_t> expected;
  for (size_t i = 0; i < lengths.size(); ++i) {
    expected.insert(expected.end(), lengths[i], run_values[i]);
  }
  test::ExpectSubRanges(Around(test::Rle(test::Flat(16), test::Flat(8))),
                        {Compress(GetParam(), test::ToBytes(run_values)), lengths}, expected);
}

TEST_P(General, StringsComeOutWhole) {
  const std::vector<uint32_t> offsets = {16, 17, 17, 22};
  Buffer chunk = test::ToBytes(offsets);
  for (char c : std::string("ahello")) chunk.push_back(static_cast<uint8_t>(c));
  const auto message = Around(test::Variable(test::Flat(32)));
  const test::Decoded decoded =
      test::DecodeMiniBlock(message, {Compress(GetParam(), chunk)}, 3, 0, 3);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  EXPECT_EQ(decoded.strings, (std::vector<std::string>{"a", "", "hello"}));
}

TEST_P(General, RejectsDamage) {
  const std::vector<Buffer> chunk = {Compress(GetParam(), bytes_)};
  test::ExpectTruncationFails(Around(test::Flat(32)), chunk, 2000);
  test::SurviveFlips(Around(test::Flat(32)), chunk, 2000);
  test::ExpectFalseCountsFail(Around(test::Flat(32)), chunk);
}

TEST_P(General, BlockReturnsItsValues) {
  const test::Decoded decoded =
      test::DecodeBlock(Around(test::Flat(32)), Compress(GetParam(), bytes_), 2000);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  EXPECT_EQ(decoded.data, bytes_);
  test::ExpectTruncationFails(Around(test::Flat(32)), Compress(GetParam(), bytes_), 2000);
}

// pylance 2.3 compresses dictionaries of vectors like this.
TEST_P(General, BlockMayHoldFixedSizeLists) {
  const auto message = Around(test::FixedSizeList(20, false, test::Flat(32)));
  const test::Decoded decoded = test::DecodeBlock(message, Compress(GetParam(), bytes_), 100);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  EXPECT_EQ(decoded.data, bytes_);
}

TEST_P(General, ValuesAreCompressedOneByOne) {
  const auto message = Around(test::Variable(test::Flat(32)));
  const test::Decoded decoded = test::DecodeValues(
      message,
      {Compress(GetParam(), bytes_), Compress(GetParam(), {}), Compress(GetParam(), {'x'})});
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  EXPECT_EQ(decoded.strings,
            (std::vector<std::string>{std::string(bytes_.begin(), bytes_.end()), "", "x"}));
}

// A false length may not be believed before it is checked against what the bytes can hold.
TEST_P(General, FalseLengthIsRefused) {
  Buffer chunk = Compress(GetParam(), bytes_);
  chunk[3] = 0x7F;
  EXPECT_FALSE(test::DecodeMiniBlock(Around(test::Flat(32)), {chunk}, 2000, 0, 2000).status.ok());
  EXPECT_FALSE(test::DecodeValues(Around(test::Variable(test::Flat(32))), {chunk}).status.ok());
}

INSTANTIATE_TEST_SUITE_P(Schemes, General,
                         ::testing::Values(COMPRESSION_ALGORITHM_LZ4, COMPRESSION_ALGORITHM_ZSTD));

TEST(Zstd, BareFramesAreReadToo) {
  const auto values = test::RandomValues<uint32_t>(100'000, 9);
  const Buffer bytes = test::ToBytes(values);
  const auto message = test::General(COMPRESSION_ALGORITHM_ZSTD, test::Flat(32));
  EXPECT_EQ(test::DecodeBlock(message, Frame(bytes), 100'000).data, bytes);
  const Buffer unknown = FrameOfUnknownSize(bytes);
  const test::Decoded decoded = test::DecodeBlock(message, unknown, 100'000);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  EXPECT_EQ(decoded.data, bytes);
  for (size_t cut : test::Cuts(2000)) {
    const Buffer damaged(unknown.begin(), unknown.begin() + static_cast<int64_t>(cut));
    EXPECT_FALSE(test::DecodeBlock(message, damaged, 100'000).status.ok()) << cut;
  }
}

TEST(GeneralMessage, RejectsUnknownSchemes) {
  EXPECT_FALSE(
      MakeMiniBlockDecoder(
          test::General(lance::encodings23::COMPRESSION_ALGORITHM_UNSPECIFIED, test::Flat(32)))
          .ok());
}

}  // namespace
}  // namespace lancea
