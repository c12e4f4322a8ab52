// EncodePerValue of make_encoder.h: values that full-zip pages store one by one.
#include "lancea/encoding/compress/encoder_test_support.h"
#include "lancea/encoding/compress/make_encoder.h"
#include "lancea/encoding/compress/variable_packed_struct.h"

namespace lancea {
namespace {

using test::BitBlock;
using test::FixedBlock;
using test::VariableBlock;
using Compression = EncodingOptions::Compression;

PerValueEncoding PerValue(const ValueBlock& block, const EncodingOptions& options = {}) {
  return EncodePerValue(block, options, arrow::default_memory_pool()).ValueOrDie();
}

test::Decoded DecodePerValue(const PerValueEncoding& encoding) {
  test::Decoded out = test::DecodeValues(encoding.description, test::CutValues(encoding.values));
  EXPECT_TRUE(out.status.ok()) << out.status.ToString();
  return out;
}

TEST(EncodePerValue, FixedValuesStayAndBitsBecomeBytes) {
  const auto values = test::RandomValues<uint64_t>(100, 64);
  EXPECT_EQ(DecodePerValue(PerValue(FixedBlock(values))).data, test::ToBytes(values));
  EXPECT_EQ(DecodePerValue(PerValue(BitBlock({true, false, true}))).data, (test::Buffer{1, 0, 1}));
}

TEST(EncodePerValue, ListsCarryTheValidityOfTheirItems) {
  ValueBlock block;
  block.num_values = 2;
  block.bits_per_value = 8;
  block.values = test::MakeBuffer({1, 2, 3, 4, 5, 6});
  block.list_levels = {{3, nullptr}};
  EXPECT_EQ(DecodePerValue(PerValue(block)).data, (test::Buffer{1, 2, 3, 4, 5, 6}));
  block.list_levels[0].item_validity = test::MakeBuffer({0b101110});
  const PerValueEncoding encoding = PerValue(block);
  EXPECT_EQ(encoding.values.bits_per_value, 32u);
  EXPECT_EQ(DecodePerValue(encoding).validity[0], "011101");
}

TEST(EncodePerValue, TextIsPlainOrFsst) {
  const auto few = test::Sentences(10, 8), many = test::Sentences(4000, 8);
  EXPECT_EQ(DecodePerValue(PerValue(VariableBlock(few))).strings, few);
  const PerValueEncoding encoding = PerValue(VariableBlock<int64_t>(many));
  EXPECT_EQ(DescribeEncoding(encoding.description), "fsst(variable(flat(64)))");
  EXPECT_EQ(DecodePerValue(encoding).strings, many);
}

TEST(EncodePerValue, LargeValuesAreCompressedWhereThatSaves) {
  std::vector<std::string> documents, pictures;
  for (uint64_t i = 0; i < 4; ++i) {
    std::string& document = documents.emplace_back();
    for (const auto& line : test::Sentences(1000, 8, i)) document += line;
    const auto noise = test::RandomValues<uint8_t>(40000 + static_cast<int64_t>(i), 8);
    pictures.emplace_back(noise.begin(), noise.end());
  }
  const PerValueEncoding encoding = PerValue(VariableBlock(documents, false));
  EXPECT_EQ(DescribeEncoding(encoding.description), "zstd(variable(flat(32)))");
  EXPECT_EQ(DecodePerValue(encoding).strings, documents);
  EXPECT_EQ(DescribeEncoding(PerValue(VariableBlock(pictures, false)).description),
            "variable(flat(32))");
  EncodingOptions none;
  none.compression = Compression::kNone;
  EXPECT_EQ(DescribeEncoding(PerValue(VariableBlock(documents, false), none).description),
            "variable(flat(32))");
  EncodingOptions lz4;
  lz4.compression = Compression::kLz4;
  EXPECT_EQ(DecodePerValue(PerValue(VariableBlock(documents), lz4)).strings, documents);
}

TEST(EncodePerValue, StructsWithTextBecomeRows) {
  const auto numbers = test::RandomValues<uint32_t>(5000, 32);
  const auto text = test::Sentences(5000, 4);
  ValueBlock block;
  block.num_values = 5000;
  block.children = {FixedBlock(numbers), VariableBlock(text), VariableBlock<int64_t>(text, false)};
  const PerValueEncoding encoding = PerValue(block);
  const auto decoder = MakeVariablePackedStructDecoder(encoding.description).ValueOrDie();
  auto builders = decoder->MakeBuilders(arrow::default_memory_pool());
  for (const test::Buffer& row : test::CutValues(encoding.values)) {
    ASSERT_TRUE(decoder->DecodeRow(row, &builders).ok());
  }
  std::vector<test::Decoded> decoded(3);
  for (size_t i = 0; i < 3; ++i) test::Finish(&builders[i], &decoded[i]);
  EXPECT_EQ(decoded[0].data, test::ToBytes(numbers));
  EXPECT_EQ(decoded[1].strings, text);
  EXPECT_EQ(decoded[2].strings, text);
}

}  // namespace
}  // namespace lancea
