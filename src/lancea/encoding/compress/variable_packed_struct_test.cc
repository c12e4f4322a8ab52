#include "lancea/encoding/compress/variable_packed_struct.h"

#include "lancea/encoding/compress/decoder_test_support.h"

namespace lancea {
namespace {

using test::Buffer;

// u16, string with 32-bit lengths, u8, string with 64-bit lengths
EncodingMessage Message() {
  EncodingMessage out;
  auto* packed = out.mutable_variable_packed_struct();
  auto* field = packed->add_fields();
  *field->mutable_value() = test::Flat(16);
  field->set_bits_per_value(16);
  field = packed->add_fields();
  *field->mutable_value() = test::Variable(test::Flat(32));
  field->set_bits_per_length(32);
  field = packed->add_fields();
  *field->mutable_value() = test::Flat(8);
  field->set_bits_per_value(8);
  field = packed->add_fields();
  *field->mutable_value() = test::Variable(test::Flat(64));
  field->set_bits_per_length(64);
  return out;
}

Buffer Row(uint16_t first, const std::string& second, uint8_t third, const std::string& fourth) {
  Buffer out;
  test::AppendWord(&out, first);
  test::AppendWord(&out, static_cast<uint32_t>(second.size()));
  out.insert(out.end(), second.begin(), second.end());
  out.push_back(third);
  test::AppendWord(&out, static_cast<uint64_t>(fourth.size()));
  out.insert(out.end(), fourth.begin(), fourth.end());
  return out;
}

TEST(VariablePackedStruct, SplitsRowsIntoChildren) {
  auto decoder = MakeVariablePackedStructDecoder(Message()).ValueOrDie();
  auto builders = decoder->MakeBuilders(arrow::default_memory_pool());
  for (const Buffer& row : {Row(1, "one", 7, ""), Buffer(), Row(300, "", 9, "four")}) {
    ASSERT_TRUE(decoder->DecodeRow(row, &builders).ok());
  }
  std::vector<test::Decoded> children(4);
  for (size_t i = 0; i < 4; ++i) test::Finish(&builders[i], &children[i]);
  EXPECT_EQ(children[0].data, test::ToBytes(std::vector<uint16_t>{1, 0, 300}));
  EXPECT_EQ(children[1].strings, (std::vector<std::string>{"one", "", ""}));
  EXPECT_EQ(children[2].data, (Buffer{7, 0, 9}));
  EXPECT_EQ(children[3].strings, (std::vector<std::string>{"", "", "four"}));
}

TEST(VariablePackedStruct, RejectsCutRows) {
  auto decoder = MakeVariablePackedStructDecoder(Message()).ValueOrDie();
  const Buffer row = Row(1, "one", 7, "four");
  for (size_t cut = 1; cut < row.size(); ++cut) {
    auto builders = decoder->MakeBuilders(arrow::default_memory_pool());
    const Buffer damaged(row.begin(), row.begin() + static_cast<int64_t>(cut));
    EXPECT_FALSE(decoder->DecodeRow(damaged, &builders).ok()) << cut;
  }
}

TEST(VariablePackedStruct, RejectsBytesBehindTheLastChild) {
  auto decoder = MakeVariablePackedStructDecoder(Message()).ValueOrDie();
  auto builders = decoder->MakeBuilders(arrow::default_memory_pool());
  Buffer row = Row(1, "one", 7, "four");
  row.push_back(0);
  EXPECT_FALSE(decoder->DecodeRow(row, &builders).ok());
}

TEST(VariablePackedStruct, NullRowFillsItemValidityToo) {
  EncodingMessage message;
  auto* field = message.mutable_variable_packed_struct()->add_fields();
  *field->mutable_value() = test::FixedSizeList(3, true, test::Flat(8));
  field->set_bits_per_value(32);
  auto decoder = MakeVariablePackedStructDecoder(message).ValueOrDie();
  auto builders = decoder->MakeBuilders(arrow::default_memory_pool());
  ASSERT_TRUE(decoder->DecodeRow(Buffer(), &builders).ok());
  ASSERT_TRUE(decoder->DecodeRow(Buffer{0b101, 1, 2, 3}, &builders).ok());
  test::Decoded child;
  test::Finish(&builders[0], &child);
  EXPECT_EQ(child.data, (Buffer{0, 0, 0, 1, 2, 3}));
  ASSERT_EQ(child.validity.size(), 1u);
  EXPECT_EQ(child.validity[0].substr(3), "101");
}

TEST(VariablePackedStruct, RejectsLayoutsThatCannotBe) {
  EncodingMessage message = Message();
  message.mutable_variable_packed_struct()->mutable_fields(0)->set_bits_per_value(12);
  EXPECT_FALSE(MakeVariablePackedStructDecoder(message).ok());
  message = Message();
  message.mutable_variable_packed_struct()->mutable_fields(1)->set_bits_per_length(16);
  EXPECT_FALSE(MakeVariablePackedStructDecoder(message).ok());
  message = Message();
  message.mutable_variable_packed_struct()->mutable_fields(1)->set_bits_per_value(16);
  EXPECT_FALSE(MakeVariablePackedStructDecoder(message).ok());
  EXPECT_FALSE(MakeVariablePackedStructDecoder(test::Flat(8)).ok());
}

}  // namespace
}  // namespace lancea
