#include "lancea/encoding/value_builder.h"

#include <gtest/gtest.h>

#include <string>

namespace lancea {
namespace {

arrow::MemoryPool* Pool() { return arrow::default_memory_pool(); }

Bytes AsBytes(const std::string& text) {
  return Bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

std::vector<std::string> Strings(ValueBuilder* builder) {
  const int64_t count = builder->num_values();
  auto offsets = builder->FinishOffsets().ValueOrDie();
  auto data = builder->FinishData().ValueOrDie();
  std::vector<std::string> out;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t begin = builder->bits_per_offset() == 32 ? offsets->data_as<int32_t>()[i]
                                                           : offsets->data_as<int64_t>()[i];
    const int64_t end = builder->bits_per_offset() == 32 ? offsets->data_as<int32_t>()[i + 1]
                                                         : offsets->data_as<int64_t>()[i + 1];
    out.emplace_back(reinterpret_cast<const char*>(data->data()) + begin, end - begin);
  }
  return out;
}

class VariableBuilder : public ::testing::TestWithParam<uint64_t> {};

TEST_P(VariableBuilder, KeepsValuesHoweverTheyCome) {
  ValueBuilder builder = ValueBuilder::Variable(GetParam(), Pool());
  ASSERT_TRUE(builder.AppendValue(AsBytes("one")).ok());
  ASSERT_TRUE(builder.AppendZeros(2).ok());
  const std::vector<int32_t> offsets = {5, 8, 8, 10};
  const std::string bytes = "abcde";
  ASSERT_TRUE(builder.AppendValues(offsets.data(), 3, AsBytes(bytes).data()).ok());
  const std::vector<int64_t> dictionary_offsets = {0, 2, 2, 21};
  const std::string dictionary = "xynineteen characters";
  const std::vector<uint8_t> indices = {2, 0, 1, 0};
  ASSERT_TRUE(builder
                  .AppendGathered(dictionary_offsets.data(), 3, AsBytes(dictionary).data(), 21, 21,
                                  indices.data(), 4)
                  .ok());
  EXPECT_EQ(Strings(&builder), (std::vector<std::string>{"one", "", "", "abc", "", "de",
                                                         "nineteen characters", "xy", "", "xy"}));
}

TEST_P(VariableBuilder, AppendsASliceOfAnother) {
  ValueBuilder from = ValueBuilder::Variable(GetParam(), Pool());
  for (const char* text : {"a", "bb", "ccc", "dddd"})
    ASSERT_TRUE(from.AppendValue(AsBytes(text)).ok());
  ValueBuilder builder = ValueBuilder::Variable(GetParam(), Pool());
  ASSERT_TRUE(builder.AppendSlice(from, 1, 3).ok());
  EXPECT_EQ(Strings(&builder), (std::vector<std::string>{"bb", "ccc"}));
}

TEST_P(VariableBuilder, EmptyStillHasOneOffset) {
  ValueBuilder builder = ValueBuilder::Variable(GetParam(), Pool());
  EXPECT_EQ(builder.FinishOffsets().ValueOrDie()->size(), static_cast<int64_t>(GetParam() / 8));
}

INSTANTIATE_TEST_SUITE_P(OffsetWidths, VariableBuilder, ::testing::Values(32, 64));

TEST(FixedBuilder, BitsKeepTheirOrderAcrossUnalignedAppends) {
  ValueBuilder builder = ValueBuilder::Fixed(1, Pool());
  const std::vector<uint8_t> bits = {0b10110101, 0b01};
  ASSERT_TRUE(builder.AppendBits(bits.data(), 1, 3).ok());
  ASSERT_TRUE(builder.AppendZeros(2).ok());
  ASSERT_TRUE(builder.AppendBits(bits.data(), 0, 9).ok());
  auto data = builder.FinishData().ValueOrDie();
  std::string got;
  for (int i = 0; i < 14; ++i) got.push_back((data->data()[i / 8] >> (i % 8) & 1) ? '1' : '0');
  EXPECT_EQ(got,
            "010"
            "00"
            "101011011");
}

}  // namespace
}  // namespace lancea
