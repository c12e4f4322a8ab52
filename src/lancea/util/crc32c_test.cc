#include "lancea/util/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace lancea {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Counting(int first, int step) {
  Bytes out(32);
  for (int i = 0; i < 32; ++i) out[static_cast<size_t>(i)] = static_cast<uint8_t>(first + step * i);
  return out;
}

Bytes Random(size_t num_bytes) {
  std::mt19937_64 random(20240607);
  Bytes out(num_bytes);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(random());
  return out;
}

// The definition, one bit at a time.
uint32_t ByBit(const Bytes& bytes) {
  uint32_t crc = ~0u;
  for (uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
  }
  return ~crc;
}

class Crc32cTest : public testing::TestWithParam<Crc32cKernel> {
 protected:
  static uint32_t Of(const Bytes& bytes) {
    return GetParam().function(0, bytes.data(), bytes.size());
  }
};

TEST_P(Crc32cTest, GivesTheVectorsOfRfc3720) {
  EXPECT_EQ(Of(Bytes(32, 0x00)), 0x8A9136AAu);
  EXPECT_EQ(Of(Bytes(32, 0xFF)), 0x62A8AB43u);
  EXPECT_EQ(Of(Counting(0, 1)), 0x46DD794Eu);
  EXPECT_EQ(Of(Counting(31, -1)), 0x113FDB5Cu);
  // An iSCSI SCSI Read (10) command.
  const Bytes command = {0x01, 0xC0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 0, 0,
                         0x14, 0,    0, 0, 0, 0, 4, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18,
                         0x28, 0,    0, 0, 0, 0, 0, 0, 2, 0, 0, 0,    0, 0, 0, 0};
  EXPECT_EQ(Of(command), 0xD9963A56u);
}

TEST_P(Crc32cTest, GivesTheCheckValueOfTheNineDigits) {
  const std::string digits = "123456789";
  EXPECT_EQ(Of(Bytes(digits.begin(), digits.end())), 0xE3069283u);
}

TEST_P(Crc32cTest, OfNothingIsTheSeed) {
  EXPECT_EQ(GetParam().function(0, nullptr, 0), 0u);
  EXPECT_EQ(GetParam().function(0xE3069283u, nullptr, 0), 0xE3069283u);
}

TEST_P(Crc32cTest, AgreesWithTheDefinitionAtEveryLengthAndAlignment) {
  for (size_t n : {1,   7,   8,   9,   63,   383,  384,  385,  391,  511,
                   512, 513, 767, 768, 1024, 6143, 6144, 6145, 6528, 50'001}) {
    const Bytes bytes = Random(n);
    const uint32_t expected = ByBit(bytes);
    for (size_t offset = 0; offset < 8; ++offset) {
      Bytes moved(offset, 0xAB);
      moved.insert(moved.end(), bytes.begin(), bytes.end());
      EXPECT_EQ(GetParam().function(0, moved.data() + offset, n), expected)
          << n << " bytes at " << offset;
    }
  }
}

TEST_P(Crc32cTest, GoesOnWhereItStopped) {
  const Bytes bytes = Random(20'000);
  const uint32_t whole = Of(bytes);
  for (size_t cut : {0, 1, 8, 1000, 6144, 13'333, 19'999, 20'000}) {
    const uint32_t begun = GetParam().function(0, bytes.data(), cut);
    EXPECT_EQ(GetParam().function(begun, bytes.data() + cut, bytes.size() - cut), whole) << cut;
  }
}

TEST_P(Crc32cTest, SeesEveryFlippedBit) {
  Bytes bytes = Random(7'000);
  const uint32_t before = Of(bytes);
  std::mt19937_64 random(1);
  for (int i = 0; i < 500; ++i) {
    const size_t bit = random() % (bytes.size() * 8);
    bytes[bit / 8] = static_cast<uint8_t>(bytes[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(Of(bytes), before) << "bit " << bit;
    bytes[bit / 8] = static_cast<uint8_t>(bytes[bit / 8] ^ (1 << (bit % 8)));
  }
}

INSTANTIATE_TEST_SUITE_P(Crc32c, Crc32cTest, testing::ValuesIn(Crc32cKernels()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace lancea
