#include "lancea/encoding/compress/dictionary_block.h"

#include "lancea/encoding/compress/decoder_test_support.h"

namespace lancea {
namespace {

using test::Buffer;

EncodingMessage Dictionary(const EncodingMessage& indices, const EncodingMessage& items,
                           uint32_t num_items) {
  EncodingMessage out;
  *out.mutable_dictionary()->mutable_indices() = indices;
  *out.mutable_dictionary()->mutable_items() = items;
  out.mutable_dictionary()->set_num_dictionary_items(num_items);
  return out;
}

Buffer Encode(const Buffer& indices, const Buffer& items) {
  Buffer out;
  test::AppendWord<uint64_t>(&out, indices.size());
  test::AppendWord<uint64_t>(&out, items.size());
  test::Append(&out, indices);
  test::Append(&out, items);
  return out;
}

TEST(DictionaryBlock, LooksItsItemsUp) {
  const std::vector<uint64_t> items = {11, 22, 33};
  const std::vector<uint32_t> indices = {2, 0, 0, 1};
  const auto message = Dictionary(test::Flat(32), test::Flat(64), 3);
  const Buffer block = Encode(test::ToBytes(indices), test::ToBytes(items));
  const test::Decoded decoded = test::DecodeBlock(message, block, 4);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  EXPECT_EQ(decoded.data, test::ToBytes(std::vector<uint64_t>{33, 11, 11, 22}));
  test::ExpectTruncationFails(message, block, 4);
  test::ExpectFalseCountsFail(message, block);
}

TEST(DictionaryBlock, RejectsAnIndexPastItsItems) {
  const Buffer block = Encode(test::ToBytes(std::vector<uint32_t>{3}),
                              test::ToBytes(std::vector<uint64_t>{11, 22, 33}));
  EXPECT_FALSE(
      test::DecodeBlock(Dictionary(test::Flat(32), test::Flat(64), 3), block, 1).status.ok());
}

TEST(DictionaryBlock, MayBeAllDescription) {
  const auto message = Dictionary(test::Constant({1, 0, 0, 0}), test::Range(32, 5, 5), 2);
  EXPECT_FALSE(MakeBlockDecoder(message).ValueOrDie()->has_payload());
  EXPECT_EQ(test::DecodeBlock(message, {}, 3).data,
            test::ToBytes(std::vector<uint32_t>{10, 10, 10}));
}

TEST(DictionaryBlock, RejectsWidthsThatCannotBe) {
  EXPECT_FALSE(MakeBlockDecoder(Dictionary(test::Flat(64), test::Flat(64), 3)).ok());
  EXPECT_FALSE(MakeBlockDecoder(Dictionary(test::Flat(32), test::Flat(16), 3)).ok());
}

}  // namespace
}  // namespace lancea
