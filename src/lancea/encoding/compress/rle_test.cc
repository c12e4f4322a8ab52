#include "lancea/encoding/compress/rle.h"

#include <zstd.h>

#include "lancea/encoding/compress/naive_fastlanes_test_support.h"

namespace lancea {
namespace {

using test::Buffer;

template <typename T, typename Length>
struct Encoded {
  std::vector<T> values;
  std::vector<Length> lengths;

  Buffer Block() const {
    Buffer out;
    test::AppendWord<uint64_t>(&out, values.size() * sizeof(T));
    test::Append(&out, test::ToBytes(values));
    test::Append(&out, test::ToBytes(lengths));
    return out;
  }
  std::vector<Buffer> Chunk() const { return {test::ToBytes(values), test::ToBytes(lengths)}; }
};

template <typename T, typename Length>
Encoded<T, Length> Encode(const std::vector<T>& values, uint64_t max_run) {
  Encoded<T, Length> out;
  for (const T& value : values) {
    if (!out.values.empty() && out.values.back() == value && out.lengths.back() < max_run) {
      ++out.lengths.back();
    } else {
      out.values.push_back(value);
      out.lengths.push_back(1);
    }
  }
  return out;
}

// Runs of 1 to `longest` values.
template <typename T>
std::vector<T> Runs(int64_t num_values, unsigned longest) {
  std::mt19937_64 random(longest);
  std::vector<T> out;
  while (static_cast<int64_t>(out.size()) < num_values) {
    out.insert(out.end(), 1 + random() % longest, static_cast<T>(random()));
  }
  out.resize(static_cast<size_t>(num_values));
  return out;
}

template <typename T>
class Rle : public ::testing::Test {
 public:
  static constexpr uint64_t kBits = 8 * sizeof(T);
};
using Words = ::testing::Types<uint8_t, uint16_t, uint32_t, uint64_t>;
TYPED_TEST_SUITE(Rle, Words);

TYPED_TEST(Rle, ChunkGivesEverySubRange) {
  for (int64_t num_values : {0, 1, 1023, 1024, 1025, 4097}) {
    for (unsigned longest : {1u, 3u, 9u, 40u, 5000u}) {
      SCOPED_TRACE(longest);
      const auto values = Runs<TypeParam>(num_values, longest);
      test::ExpectSubRanges(test::Rle(test::Flat(this->kBits), test::Flat(8)),
                            Encode<TypeParam, uint8_t>(values, 255).Chunk(), values);
      test::ExpectSubRanges(test::Rle(test::Flat(this->kBits), test::Flat(16)),
                            Encode<TypeParam, uint16_t>(values, 65535).Chunk(), values);
      test::ExpectSubRanges(test::Rle(test::Flat(this->kBits), test::Flat(32)),
                            Encode<TypeParam, uint32_t>(values, UINT32_MAX).Chunk(), values);
    }
  }
}

TYPED_TEST(Rle, ChunkMayEndInsideARun) {
  const auto values = Runs<TypeParam>(1000, 30);
  auto encoded = Encode<TypeParam, uint8_t>(values, 255);
  encoded.lengths.back() = static_cast<uint8_t>(encoded.lengths.back() + 20);
  test::ExpectSubRanges(test::Rle(test::Flat(this->kBits), test::Flat(8)), encoded.Chunk(), values);
}

TYPED_TEST(Rle, ChunkRejectsDamage) {
  const auto encoded = Encode<TypeParam, uint8_t>(Runs<TypeParam>(900, 9), 255);
  const auto message = test::Rle(test::Flat(this->kBits), test::Flat(8));
  test::ExpectTruncationFails(message, encoded.Chunk(), 900);
  test::SurviveFlips(message, encoded.Chunk(), 900);
  test::ExpectFalseCountsFail(message, encoded.Chunk());
  auto empty_run = encoded;
  empty_run.lengths[3] = 0;
  EXPECT_FALSE(test::DecodeMiniBlock(message, empty_run.Chunk(), 900, 0, 900).status.ok());
}

TYPED_TEST(Rle, BlockSpellsExactlyItsValues) {
  const auto values = Runs<TypeParam>(4097, 12);
  const auto encoded = Encode<TypeParam, uint8_t>(values, 255);
  const auto message = test::Rle(test::Flat(this->kBits), test::Flat(8));
  const test::Decoded decoded = test::DecodeBlock(message, encoded.Block(), 4097);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  EXPECT_EQ(decoded.data, test::ToBytes(values));
  EXPECT_FALSE(test::DecodeBlock(message, encoded.Block(), 4096).status.ok());
  EXPECT_FALSE(test::DecodeBlock(message, encoded.Block(), 4098).status.ok());
  test::ExpectTruncationFails(message, encoded.Block(), 4097);
  test::ExpectFalseCountsFail(message, encoded.Block());
}

TEST(RleChildren, ThirtyTwoBitLengthsPromiseNoMemory) {
  const auto message = test::Rle(test::Flat(64), test::Flat(32));
  const std::vector<Buffer> chunk = {test::ToBytes(std::vector<uint64_t>(4, 9)),
                                     test::ToBytes(std::vector<uint32_t>(4, UINT32_MAX))};
  const int64_t claimed = int64_t{4} * UINT32_MAX;
  const test::Decoded decoded = test::DecodeMiniBlock(message, chunk, claimed, 0, claimed);
  EXPECT_FALSE(decoded.status.ok());
  EXPECT_LT(decoded.peak_bytes, 1 << 20);
}

Buffer Zstd(const Buffer& bytes) {
  Buffer out;
  test::AppendWord<uint64_t>(&out, bytes.size());
  Buffer frame(ZSTD_compressBound(bytes.size()));
  frame.resize(ZSTD_compress(frame.data(), frame.size(), bytes.data(), bytes.size(), 3));
  test::Append(&out, frame);
  return out;
}

// The grammars of 2.3: what is packed or compressed is one child, the other tells the number of runs;
// a compressed flat child tells it too.
class RleOfPackedChildren : public ::testing::Test {
 protected:
  void Expect(const EncodingMessage& message, const std::vector<Buffer>& chunk) {
    test::ExpectSubRanges(message, chunk, values_);
    // Out-of-line packed children may be cut to what is then a tail of plain words.
    if (!message.rle().values().has_out_of_line_bitpacking() &&
        !message.rle().run_lengths().has_out_of_line_bitpacking()) {
      test::ExpectTruncationFails(message, chunk, 4000);
    }
    Buffer block;
    test::AppendWord<uint64_t>(&block, chunk[0].size());
    test::Append(&block, chunk[0]);
    test::Append(&block, chunk[1]);
    const test::Decoded decoded = test::DecodeBlock(message, block, 4000);
    ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
    EXPECT_EQ(decoded.data, test::ToBytes(values_));
  }

  const std::vector<uint32_t> values_ = Runs<uint32_t>(4000, 200);
  const Encoded<uint32_t, uint8_t> encoded_ = Encode<uint32_t, uint8_t>(values_, 255);
  const Buffer flat_values_ = test::ToBytes(encoded_.values);
  const Buffer flat_lengths_ = test::ToBytes(encoded_.lengths);
  const EncodingMessage zstd_values_ =
      test::General(lance::encodings23::COMPRESSION_ALGORITHM_ZSTD, test::Flat(32));
  const EncodingMessage zstd_lengths_ =
      test::General(lance::encodings23::COMPRESSION_ALGORITHM_ZSTD, test::Flat(8));
};

TEST_F(RleOfPackedChildren, LengthsArePacked) {
  Expect(test::Rle(test::Flat(32), test::OutOfLineBitpacking(8, 8)),
         {flat_values_, test::NaivePack(encoded_.lengths, 8)});
}

TEST_F(RleOfPackedChildren, ValuesArePacked) {
  Expect(test::Rle(test::OutOfLineBitpacking(32, 32), test::Flat(8)),
         {test::NaivePack(encoded_.values, 32), flat_lengths_});
}

TEST_F(RleOfPackedChildren, ValuesAreCompressed) {
  Expect(test::Rle(zstd_values_, test::Flat(8)), {Zstd(flat_values_), flat_lengths_});
}

TEST_F(RleOfPackedChildren, BothAreCompressed) {
  Expect(test::Rle(zstd_values_, zstd_lengths_), {Zstd(flat_values_), Zstd(flat_lengths_)});
}

TEST_F(RleOfPackedChildren, CompressedValuesTellThePackedLengthsTheirNumber) {
  Expect(test::Rle(zstd_values_, test::OutOfLineBitpacking(8, 8)),
         {Zstd(flat_values_), test::NaivePack(encoded_.lengths, 8)});
}

// Lengths that the description tells, and with them the number of runs.
TEST(RleOfDescribedLengths, EqualLengths) {
  const auto message = test::Rle(test::OutOfLineBitpacking(32, 5), test::Constant({4, 0, 0, 0}));
  const auto runs = test::RandomValues<uint32_t>(100, 5);
  Buffer block;
  const Buffer packed = test::NaivePack(runs, 5);
  test::AppendWord<uint64_t>(&block, packed.size());
  test::Append(&block, packed);
  const test::Decoded decoded = test::DecodeBlock(message, block, 400);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  std::vector<uint32_t> expected;
  for (uint32_t value : runs) expected.insert(expected.end(), 4, value);
  EXPECT_EQ(decoded.data, test::ToBytes(expected));
  EXPECT_FALSE(test::DecodeBlock(message, block, 401).status.ok());
}

TEST(RleOfDescribedLengths, NothingIsStoredAtAll) {
  const auto message = test::Rle(test::Range(64, 10, 5), test::Range(32, 1, 1));
  EXPECT_FALSE(MakeBlockDecoder(message).ValueOrDie()->has_payload());
  const test::Decoded decoded = test::DecodeBlock(message, {}, 6);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  EXPECT_EQ(decoded.data, test::ToBytes(std::vector<uint64_t>{10, 15, 15, 20, 20, 20}));
  EXPECT_FALSE(test::DecodeBlock(message, {}, 7).status.ok());
}

TEST(RleMessage, RejectsWidthsThatCannotBe) {
  EXPECT_FALSE(MakeMiniBlockDecoder(test::Rle(test::Flat(24), test::Flat(8))).ok());
  EXPECT_FALSE(MakeMiniBlockDecoder(test::Rle(test::Flat(32), test::Flat(64))).ok());
  EXPECT_FALSE(MakeMiniBlockDecoder(test::Rle(test::Flat(1), test::Flat(8))).ok());
}

}  // namespace
}  // namespace lancea
