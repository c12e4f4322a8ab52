#include "lancea/encoding/compress/flat.h"

#include "lancea/encoding/compress/decoder_test_support.h"

namespace lancea {
namespace {

using test::Buffer;

// Bits as '1' and '0', LSB first.
Buffer ToBits(const std::string& bits) {
  Buffer out((bits.size() + 7) / 8);
  for (size_t i = 0; i < bits.size(); ++i) {
    if (bits[i] == '1') out[i / 8] |= static_cast<uint8_t>(1 << (i % 8));
  }
  return out;
}

std::string RandomBits(size_t num_bits, unsigned seed) {
  std::mt19937 random(seed);
  std::string out;
  for (size_t i = 0; i < num_bits; ++i) out.push_back((random() & 1) != 0 ? '1' : '0');
  return out;
}

struct Wide {
  uint8_t bytes[16];
};

TEST(Flat, ChunkGivesEverySubRangeOfEveryWidth) {
  for (int64_t num_values : {0, 1, 1023, 1024, 1025, 4097}) {
    const auto bytes = test::RandomValues<uint8_t>(num_values * 16, 8);
    std::vector<Wide> wide(static_cast<size_t>(num_values));
    if (num_values > 0) std::memcpy(wide.data(), bytes.data(), bytes.size());
    test::ExpectSubRanges(test::Flat(128), {bytes}, wide);
    const auto words = test::RandomValues<uint16_t>(num_values, 16);
    test::ExpectSubRanges(test::Flat(16), {test::ToBytes(words)}, words);
  }
}

TEST(Flat, ChunkOfBitsGivesEverySubRange) {
  const std::string bits = RandomBits(1021, 3);
  for (auto [begin, end] : test::SubRanges(1021)) {
    const test::Decoded decoded =
        test::DecodeMiniBlock(test::Flat(1), {ToBits(bits)}, 1021, begin, end);
    ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
    const size_t length = static_cast<size_t>(end - begin);
    ASSERT_EQ(decoded.num_values, end - begin);
    Buffer expected = ToBits(bits.substr(static_cast<size_t>(begin), length));
    Buffer got = decoded.data;
    // Bits behind the last value are nobody's.
    if (length % 8 != 0) got.back() &= static_cast<uint8_t>((1 << (length % 8)) - 1);
    ASSERT_EQ(got, expected) << begin << ".." << end;
  }
}

TEST(Flat, RejectsDamage) {
  const Buffer bytes = test::ToBytes(test::RandomValues<uint32_t>(1000, 32));
  test::ExpectTruncationFails(test::Flat(32), std::vector<Buffer>{bytes}, 1000);
  test::ExpectFalseCountsFail(test::Flat(32), std::vector<Buffer>{bytes});
  test::ExpectTruncationFails(test::Flat(32), bytes, 1000);
  test::ExpectFalseCountsFail(test::Flat(32), bytes);
  test::ExpectFalseCountsFail(test::Flat(1), bytes);
  for (uint64_t bits : {uint64_t{0}, uint64_t{12}, UINT64_MAX}) {
    EXPECT_FALSE(MakeMiniBlockDecoder(test::Flat(bits)).ok()) << bits;
  }
}

TEST(Flat, BlockReturnsItsValues) {
  const auto words = test::RandomValues<uint64_t>(1025, 64);
  EXPECT_EQ(test::DecodeBlock(test::Flat(64), test::ToBytes(words), 1025).data,
            test::ToBytes(words));
}

TEST(Flat, ValuesOfWholeBytesArePlain) {
  EXPECT_TRUE(MakePerValueDecoder(test::Flat(32)).ValueOrDie()->is_plain_fixed());
  EXPECT_FALSE(MakePerValueDecoder(test::Flat(1)).ValueOrDie()->is_plain_fixed());
  const test::Decoded decoded = test::DecodeValues(test::Flat(16), {{1, 2}, {3, 4}});
  EXPECT_EQ(decoded.data, (Buffer{1, 2, 3, 4}));
  EXPECT_FALSE(test::DecodeValues(test::Flat(16), {{1}}).status.ok());
}

// Lists of 3 lists of 5 items: validity of the inner lists (outer level) and of the items.
struct NestedCase {
  bool outer_validity;
  bool inner_validity;
};
class NestedList : public ::testing::TestWithParam<NestedCase> {
 protected:
  static constexpr size_t kValues = 41;
  const std::string outer_ = RandomBits(kValues * 3, 1);
  const std::string inner_ = RandomBits(kValues * 15, 2);
  const std::vector<uint16_t> items_ = test::RandomValues<uint16_t>(kValues * 15, 16);
  EncodingMessage Message() const {
    return test::FixedSizeList(3, GetParam().outer_validity,
                               test::FixedSizeList(5, GetParam().inner_validity, test::Flat(16)));
  }
  // What a level that stores no validity holds: nothing below the innermost that does, else all ones.
  std::vector<std::string> Validity(size_t begin, size_t end) const {
    std::vector<std::string> out;
    if (GetParam().outer_validity || GetParam().inner_validity) {
      out.push_back(GetParam().outer_validity ? outer_.substr(begin * 3, (end - begin) * 3)
                                              : std::string((end - begin) * 3, '1'));
    }
    if (GetParam().inner_validity) out.push_back(inner_.substr(begin * 15, (end - begin) * 15));
    return out;
  }
  Buffer Items(size_t begin, size_t end) const {
    return test::ToBytes(std::vector<uint16_t>(items_.begin() + static_cast<int64_t>(begin * 15),
                                               items_.begin() + static_cast<int64_t>(end * 15)));
  }
  std::vector<Buffer> Rows() const {
    std::vector<Buffer> rows(kValues);
    for (size_t i = 0; i < kValues; ++i) {
      if (GetParam().outer_validity) test::Append(&rows[i], ToBits(outer_.substr(i * 3, 3)));
      if (GetParam().inner_validity) test::Append(&rows[i], ToBits(inner_.substr(i * 15, 15)));
      test::Append(&rows[i], Items(i, i + 1));
    }
    return rows;
  }
};

TEST_P(NestedList, ChunkGivesEverySubRange) {
  std::vector<Buffer> buffers;
  if (GetParam().outer_validity) buffers.push_back(ToBits(outer_));
  if (GetParam().inner_validity) buffers.push_back(ToBits(inner_));
  buffers.push_back(test::ToBytes(items_));
  for (auto [begin, end] : test::SubRanges(kValues)) {
    SCOPED_TRACE(testing::Message() << begin << ".." << end);
    const test::Decoded decoded = test::DecodeMiniBlock(Message(), buffers, kValues, begin, end);
    ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
    EXPECT_EQ(decoded.data, Items(static_cast<size_t>(begin), static_cast<size_t>(end)));
    EXPECT_EQ(decoded.validity, Validity(static_cast<size_t>(begin), static_cast<size_t>(end)));
  }
  test::ExpectTruncationFails(Message(), buffers, kValues);
  test::ExpectFalseCountsFail(Message(), buffers);
}

TEST_P(NestedList, ValuesCarryTheirValidityInFront) {
  const test::Decoded decoded = test::DecodeValues(Message(), Rows());
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  EXPECT_EQ(decoded.data, Items(0, kValues));
  EXPECT_EQ(decoded.validity, Validity(0, kValues));
  const Buffer whole = Rows()[0];
  for (size_t cut : test::Cuts(whole.size())) {
    const Buffer row(whole.begin(), whole.begin() + static_cast<int64_t>(cut));
    EXPECT_FALSE(test::DecodeValues(Message(), {row}).status.ok()) << cut;
  }
}

TEST_P(NestedList, BlockIsItsValuesOneAfterTheOther) {
  Buffer block;
  for (const Buffer& row : Rows()) test::Append(&block, row);
  const test::Decoded decoded = test::DecodeBlock(Message(), block, kValues);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  EXPECT_EQ(decoded.data, Items(0, kValues));
  EXPECT_EQ(decoded.validity, Validity(0, kValues));
  test::ExpectTruncationFails(Message(), block, kValues);
  test::ExpectFalseCountsFail(Message(), block);
}

INSTANTIATE_TEST_SUITE_P(Validity, NestedList,
                         ::testing::Values(NestedCase{false, false}, NestedCase{true, false},
                                           NestedCase{false, true}, NestedCase{true, true}));

// pylance writes lists of nothing but nulls as validity alone, without any item.
TEST(FixedSizeList, OfNullItemsHasNoItemBytes) {
  EncodingMessage nulls;
  nulls.mutable_constant();
  const EncodingMessage message = test::FixedSizeList(10, true, nulls);
  const test::Decoded decoded =
      test::DecodeValues(message, {ToBits("0000000000"), ToBits("0000000000")});
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  EXPECT_EQ(decoded.num_values, 20);
  EXPECT_EQ(decoded.validity, std::vector<std::string>{std::string(20, '0')});
  EXPECT_EQ(MakePerValueDecoder(message).ValueOrDie()->shape().bits_per_value, 0u);
  const test::Decoded block = test::DecodeBlock(message, {0xFF, 0x03, 0x00, 0x00}, 2);
  ASSERT_TRUE(block.status.ok()) << block.status.ToString();
  EXPECT_EQ(block.validity, std::vector<std::string>{std::string(10, '1') + std::string(10, '0')});
}

TEST(FixedSizeList, RejectsDimensionsThatCannotBe) {
  EXPECT_FALSE(MakeMiniBlockDecoder(test::FixedSizeList(UINT64_MAX, false, test::Flat(32))).ok());
  EncodingMessage deep = test::Flat(8);
  for (int i = 0; i < 40; ++i) deep = test::FixedSizeList(2, false, deep);
  EXPECT_FALSE(MakeMiniBlockDecoder(deep).ok());
}

TEST(PackedStruct, IsOneWideValueToThisLayer) {
  EncodingMessage message;
  for (uint64_t bits : {8, 64, 32}) message.mutable_packed_struct()->add_bits_per_value(bits);
  *message.mutable_packed_struct()->mutable_values() = test::Flat(104);
  const auto bytes = test::RandomValues<uint8_t>(13 * 10, 8);
  const test::Decoded decoded = test::DecodeMiniBlock(message, {bytes}, 10, 2, 5);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  EXPECT_EQ(decoded.data, Buffer(bytes.begin() + 26, bytes.begin() + 65));
  test::ExpectTruncationFails(message, std::vector<Buffer>{bytes}, 10);
  message.mutable_packed_struct()->add_bits_per_value(8);
  EXPECT_FALSE(MakeMiniBlockDecoder(message).ok());
  EXPECT_FALSE(MakePerValueDecoder(message).ok());
}

}  // namespace
}  // namespace lancea
