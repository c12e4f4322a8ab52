#include "lancea/encoding/compress/byte_stream_split.h"

#include "lancea/encoding/compress/decoder_test_support.h"

namespace lancea {
namespace {

using test::Buffer;

template <typename T>
class ByteStreamSplit : public ::testing::Test {
 public:
  static EncodingMessage Message() {
    EncodingMessage out;
    *out.mutable_byte_stream_split()->mutable_values() = test::Flat(8 * sizeof(T));
    return out;
  }
  static Buffer Encode(const std::vector<T>& values) {
    Buffer out(values.size() * sizeof(T));
    for (size_t i = 0; i < values.size(); ++i) {
      for (size_t j = 0; j < sizeof(T); ++j) {
        out[j * values.size() + i] = static_cast<uint8_t>(values[i] >> (8 * j));
      }
    }
    return out;
  }
};
using Words = ::testing::Types<uint32_t, uint64_t>;
TYPED_TEST_SUITE(ByteStreamSplit, Words);

TYPED_TEST(ByteStreamSplit, ChunkGivesEverySubRange) {
  for (int64_t num_values : {0, 1, 15, 16, 17, 33, 1023, 1024, 1025}) {
    const auto values = test::RandomValues<TypeParam>(num_values, 8 * sizeof(TypeParam));
    test::ExpectSubRanges(this->Message(), {this->Encode(values)}, values);
  }
}

TYPED_TEST(ByteStreamSplit, RejectsDamage) {
  const auto values = test::RandomValues<TypeParam>(300, 8 * sizeof(TypeParam));
  test::ExpectTruncationFails(this->Message(), std::vector<Buffer>{this->Encode(values)}, 300);
  test::ExpectFalseCountsFail(this->Message(), std::vector<Buffer>{this->Encode(values)});
}

TEST(ByteStreamSplitMessage, RejectsOtherWidths) {
  EncodingMessage message;
  *message.mutable_byte_stream_split()->mutable_values() = test::Flat(24);
  EXPECT_FALSE(MakeMiniBlockDecoder(message).ok());
}

}  // namespace
}  // namespace lancea
