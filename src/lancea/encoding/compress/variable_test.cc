#include "lancea/encoding/compress/variable.h"

#include "lancea/encoding/compress/decoder_test_support.h"

namespace lancea {
namespace {

using test::Buffer;

std::vector<std::string> RandomStrings(int64_t num_values, size_t max_length) {
  std::mt19937 random(static_cast<unsigned>(num_values));
  std::vector<std::string> out(static_cast<size_t>(num_values));
  for (std::string& value : out) {
    value.resize(random() % (max_length + 1));
    for (char& c : value) c = static_cast<char>(random());
  }
  return out;
}

// n + 1 offsets of type Offset, the first of which is `first`.
template <typename Offset>
std::vector<Offset> Offsets(const std::vector<std::string>& values, Offset first) {
  std::vector<Offset> out = {first};
  for (const std::string& value : values)
    out.push_back(static_cast<Offset>(out.back() + value.size()));
  return out;
}

Buffer Joined(const std::vector<std::string>& values) {
  Buffer out;
  for (const std::string& value : values) out.insert(out.end(), value.begin(), value.end());
  return out;
}

template <typename Offset>
Buffer EncodeChunk(const std::vector<std::string>& values) {
  Buffer out = test::ToBytes(
      Offsets<Offset>(values, static_cast<Offset>((values.size() + 1) * sizeof(Offset))));
  test::Append(&out, Joined(values));
  return out;
}

template <typename Offset>
Buffer EncodeBlock(const std::vector<std::string>& values) {
  Buffer out;
  test::AppendWord<Offset>(&out, 8 * sizeof(Offset));
  test::AppendWord<Offset>(&out, static_cast<Offset>((values.size() + 3) * sizeof(Offset)));
  test::Append(&out, test::ToBytes(Offsets<Offset>(values, 0)));
  test::Append(&out, Joined(values));
  return out;
}

void ExpectSubRanges(const EncodingMessage& message, const std::vector<Buffer>& buffers,
                     const std::vector<std::string>& values) {
  const int64_t num_values = static_cast<int64_t>(values.size());
  for (auto [begin, end] : test::SubRanges(num_values)) {
    SCOPED_TRACE(testing::Message() << begin << ".." << end << " of " << num_values);
    const test::Decoded decoded = test::DecodeMiniBlock(message, buffers, num_values, begin, end);
    ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
    ASSERT_EQ(decoded.strings,
              std::vector<std::string>(values.begin() + begin, values.begin() + end));
  }
}

template <typename Offset>
class Variable : public ::testing::Test {
 public:
  static constexpr uint64_t kBits = 8 * sizeof(Offset);
  const EncodingMessage message_ = test::Variable(test::Flat(kBits));
};
using OffsetTypes = ::testing::Types<uint32_t, uint64_t>;
TYPED_TEST_SUITE(Variable, OffsetTypes);

TYPED_TEST(Variable, ChunkGivesEverySubRange) {
  for (int64_t num_values : {0, 1, 1023, 1024, 4097}) {
    for (size_t max_length : {0, 1, 40}) {
      const auto values = RandomStrings(num_values, max_length);
      ExpectSubRanges(this->message_, {EncodeChunk<TypeParam>(values)}, values);
    }
  }
}

TYPED_TEST(Variable, ChunkMayLieAtAnyAddress) {
  const auto values = RandomStrings(100, 9);
  Buffer chunk = EncodeChunk<TypeParam>(values);
  chunk.insert(chunk.begin(), 0);
  const Bytes shifted = Bytes(chunk).subspan(1);
  auto decoder = MakeMiniBlockDecoder(this->message_).ValueOrDie();
  const test::Decoded decoded = test::Run(decoder->shape(), [&](ValueBuilder* out) {
    return decoder->Decode(std::span(&shifted, 1), 100, 3, 90, out);
  });
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  EXPECT_EQ(decoded.strings, std::vector<std::string>(values.begin() + 3, values.begin() + 90));
}

TYPED_TEST(Variable, ChunkRejectsDamage) {
  const auto values = RandomStrings(100, 9);
  const Buffer chunk = EncodeChunk<TypeParam>(values);
  test::ExpectTruncationFails(this->message_, std::vector<Buffer>{chunk}, 100);
  test::SurviveFlips(this->message_, {chunk}, 100);
  test::ExpectFalseCountsFail(this->message_, std::vector<Buffer>{chunk});
  Buffer descending = chunk;
  std::swap(descending[5 * sizeof(TypeParam)], descending[90 * sizeof(TypeParam)]);
  std::swap(descending[5 * sizeof(TypeParam) + 1], descending[90 * sizeof(TypeParam) + 1]);
  EXPECT_FALSE(test::DecodeMiniBlock(this->message_, {descending}, 100, 0, 100).status.ok());
}

TYPED_TEST(Variable, BlockReturnsItsValues) {
  for (int64_t num_values : {0, 1, 1025}) {
    const auto values = RandomStrings(num_values, 12);
    const test::Decoded decoded =
        test::DecodeBlock(this->message_, EncodeBlock<TypeParam>(values), num_values);
    ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
    EXPECT_EQ(decoded.strings, values);
  }
}

TYPED_TEST(Variable, BlockRejectsDamage) {
  const Buffer block = EncodeBlock<TypeParam>(RandomStrings(50, 12));
  test::ExpectTruncationFails(this->message_, block, 50);
  test::ExpectFalseCountsFail(this->message_, block);
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    Buffer damaged = block;
    damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    test::DecodeBlock(this->message_, damaged, 50);
  }
}

TYPED_TEST(Variable, ValuesArePlain) {
  EXPECT_TRUE(MakePerValueDecoder(this->message_).ValueOrDie()->is_plain());
  EXPECT_EQ(test::DecodeValues(this->message_, {{'a'}, {}, {'b', 'c'}}).strings,
            (std::vector<std::string>{"a", "", "bc"}));
}

TYPED_TEST(Variable, OffsetsMayBeAnyBlock) {
  const auto values = RandomStrings(300, 12);
  const Buffer bytes = Joined(values);
  std::vector<TypeParam> lengths;
  for (const std::string& value : values) lengths.push_back(static_cast<TypeParam>(value.size()));
  const auto message = test::Variable(test::Delta(this->kBits, 0, test::Flat(this->kBits)));
  const std::vector<Buffer> buffers = {test::ToBytes(lengths), bytes};
  ExpectSubRanges(message, buffers, values);
  test::ExpectTruncationFails(message, buffers, 300);
  test::SurviveFlips(message, buffers, 300);
  test::ExpectFalseCountsFail(message, buffers);
}

TYPED_TEST(Variable, OffsetsMayTakeNoBytes) {
  std::vector<std::string> values;
  for (int i = 0; i < 200; ++i) values.push_back(std::string(7, static_cast<char>('a' + i % 26)));
  const auto message = test::Variable(test::Range(this->kBits, 0, 7));
  ExpectSubRanges(message, {Joined(values)}, values);
  test::ExpectTruncationFails(message, std::vector<Buffer>{Joined(values)}, 200);
  test::ExpectFalseCountsFail(message, std::vector<Buffer>{Joined(values)});
}

}  // namespace
}  // namespace lancea
