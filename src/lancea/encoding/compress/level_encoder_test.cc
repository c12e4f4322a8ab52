#include "lancea/encoding/compress/level_encoder.h"

#include "lancea/encoding/compress/encoder_test_support.h"

namespace lancea {
namespace {

using Levels = std::vector<uint16_t>;

std::vector<int64_t> Ends(int64_t num_levels, int64_t per_chunk) {
  std::vector<int64_t> out;
  for (int64_t at = per_chunk; at < num_levels; at += per_chunk) out.push_back(at);
  out.push_back(num_levels);
  return out;
}

EncodingOptions Options(FileFormat format) {
  EncodingOptions out;
  out.format = format;
  return out;
}

void ExpectRoundTrip(const Levels& levels, const std::vector<int64_t>& ends, FileFormat format) {
  const auto encoder = LevelEncoder::Choose(levels, ends, Options(format)).ValueOrDie();
  int64_t begin = 0;
  for (int64_t end : ends) {
    const Levels chunk(levels.begin() + begin, levels.begin() + end);
    std::vector<uint8_t> bytes = {1, 2, 3};
    encoder.Encode(chunk, &bytes);
    bytes.erase(bytes.begin(), bytes.begin() + 3);
    const test::Decoded decoded =
        test::DecodeBlock(encoder.description(), bytes, static_cast<int64_t>(chunk.size()));
    ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
    ASSERT_EQ(decoded.data, test::ToBytes(chunk)) << DescribeEncoding(encoder.description());
    begin = end;
  }
}

TEST(LevelEncoder, EveryChunkOfAPageReadsByOneDescription) {
  std::mt19937_64 random(11);
  for (FileFormat format : {FileFormat::k2_1, FileFormat::k2_2}) {
    for (int64_t size : {1, 2, 63, 64, 700, 1023, 1024, 1025, 2047, 5000}) {
      for (uint64_t most : {0, 1, 2, 3, 6, 40, 65535}) {
        Levels levels(static_cast<size_t>(size));
        for (uint16_t& level : levels) level = static_cast<uint16_t>(random() % (most + 1));
        ExpectRoundTrip(levels, Ends(size, 512), format);
        std::sort(levels.begin(), levels.end());
        ExpectRoundTrip(levels, Ends(size, 4096), format);
      }
    }
  }
}

std::string Chosen(const Levels& levels, FileFormat format) {
  const auto encoder = LevelEncoder::Choose(levels, Ends(static_cast<int64_t>(levels.size()), 4096),
                                            Options(format));
  return DescribeEncoding(encoder.ValueOrDie().description());
}

TEST(LevelEncoder, ChoosesWhatIsSmall) {
  Levels runs(5000, 0), mixed(5000);
  std::fill(runs.begin() + 100, runs.begin() + 400, 1);
  for (size_t i = 0; i < mixed.size(); ++i) mixed[i] = i * i % 7 % 2;
  EXPECT_EQ(Chosen(runs, FileFormat::k2_2), "rle(flat(16), flat(8))");
  EXPECT_EQ(Chosen(mixed, FileFormat::k2_2), "bitpacked(16 to 1)");
  EXPECT_EQ(Chosen({0, 1, 0}, FileFormat::k2_2), "flat(16)");
}

TEST(LevelEncoder, KeepsToWhatEveryReaderOf21Knows) {
  EXPECT_EQ(Chosen(Levels(5000, 1), FileFormat::k2_1), "bitpacked(16 to 1)");
  EXPECT_EQ(Chosen(Levels(1000, 1), FileFormat::k2_1), "bitpacked(16)");
  EXPECT_EQ(Chosen({0, 1, 0}, FileFormat::k2_1), "flat(16)");
}

// A chunk says the size of its levels in 16 bits: run lengths that are small on the whole may still be
// too large for one chunk.
TEST(LevelEncoder, NoChunkTakesMoreThanItCanSay) {
  Levels levels(1000000, 9);
  for (size_t i = 0; i < 32768; ++i) levels[i] = i % 2;
  const auto ends = Ends(1000000, 32768);
  const auto encoder = LevelEncoder::Choose(levels, ends, Options(FileFormat::k2_2)).ValueOrDie();
  std::vector<uint8_t> bytes;
  encoder.Encode(std::span<const uint16_t>(levels).first(32768), &bytes);
  EXPECT_LE(bytes.size(), 65535u);

  Levels wide(70000);
  for (size_t i = 0; i < wide.size(); ++i) wide[i] = static_cast<uint16_t>(i * 40503);
  EXPECT_FALSE(LevelEncoder::Choose(wide, Ends(70000, 70000), Options(FileFormat::k2_2)).ok());
}

TEST(LevelEncoder, RefusesChunksThatAreNotThePage) {
  const Levels levels(10);
  const EncodingOptions options;
  EXPECT_FALSE(LevelEncoder::Choose(levels, std::vector<int64_t>{5}, options).ok());
  EXPECT_FALSE(LevelEncoder::Choose(levels, std::vector<int64_t>{5, 11}, options).ok());
  EXPECT_FALSE(LevelEncoder::Choose(levels, std::vector<int64_t>{7, 5, 10}, options).ok());
}

TEST(EncodeLevels, TakesAllLevelsAtOnce) {
  Levels levels(200000);
  for (size_t i = 0; i < levels.size(); ++i) levels[i] = i / 3000 % 3;
  const BlockEncoding encoded =
      EncodeLevels(levels, EncodingOptions(), arrow::default_memory_pool()).ValueOrDie();
  const auto decoded = test::DecodeBlock(encoded.description, test::BytesOf(encoded.bytes), 200000);
  EXPECT_EQ(decoded.data, test::ToBytes(levels));
  EXPECT_LT(encoded.bytes->size(), 4000);
}

}  // namespace
}  // namespace lancea
