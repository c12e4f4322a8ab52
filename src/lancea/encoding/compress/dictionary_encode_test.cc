#include "lancea/encoding/compress/dictionary_encode.h"

#include "lancea/encoding/compress/encoder_test_support.h"
#include "lancea/encoding/compress/make_encoder.h"

namespace lancea {
namespace {

using test::FixedBlock;
using test::VariableBlock;

std::optional<DictionaryEncoding> Try(const ValueBlock& block, EncodingOptions options = {}) {
  return TryDictionary(block, options, arrow::default_memory_pool()).ValueOrDie();
}

std::vector<std::string> Cities(int64_t num_values, uint64_t distinct) {
  std::mt19937_64 random(distinct);
  std::vector<std::string> out;
  for (int64_t i = 0; i < num_values; ++i) {
    out.push_back("city number " + std::to_string(random() % distinct * 7919));
  }
  return out;
}

// Items looked up by the indices.
std::vector<std::string> LookUp(const DictionaryEncoding& encoding) {
  const auto items = test::CutValues(encoding.items);
  std::vector<std::string> out;
  for (int64_t i = 0; i < encoding.indices.num_values; ++i) {
    const auto& item = items.at(encoding.indices.values->data_as<uint32_t>()[i]);
    out.emplace_back(item.begin(), item.end());
  }
  return out;
}

TEST(TryDictionary, TextThatRepeatsComesBack) {
  for (uint64_t distinct : {1, 2, 50, 3000}) {
    const auto values = Cities(20000, distinct);
    for (const ValueBlock& block :
         {VariableBlock<int32_t>(values), VariableBlock<int64_t>(values)}) {
      const auto encoding = Try(block);
      ASSERT_TRUE(encoding) << distinct;
      EXPECT_LE(encoding->items.num_values, static_cast<int64_t>(distinct));
      EXPECT_EQ(LookUp(*encoding), values);
    }
  }
}

TEST(TryDictionary, WordsThatRepeatComeBack) {
  std::mt19937_64 random(5);
  std::vector<uint64_t> values(20000);
  for (uint64_t& value : values) value = (random() % 300) * 0x9E3779B97F4A7C15u;
  const auto encoding = Try(FixedBlock(values));
  ASSERT_TRUE(encoding);
  EXPECT_EQ(encoding->items.num_values, 300);
  const uint64_t* items = encoding->items.values->data_as<uint64_t>();
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(items[encoding->indices.values->data_as<uint32_t>()[i]], values[i]);
  }
  ValueBlock wide = FixedBlock(values);
  wide.bits_per_value = 128;
  wide.num_values /= 2;
  EncodingOptions options;
  options.format = FileFormat::k2_1;
  // Pairs of the same values hardly repeat; equal halves do.
  for (size_t i = 1; i < values.size(); i += 2) values[i] = values[i - 1];
  wide.values = FixedBlock(values).values;
  EXPECT_TRUE(Try(wide, options));
}

TEST(TryDictionary, LeavesValuesThatHardlyRepeat) {
  EXPECT_FALSE(Try(VariableBlock(Cities(20000, 1'000'000'000))));
  EXPECT_FALSE(Try(FixedBlock(test::RandomValues<uint64_t>(20000, 64))));
}

TEST(TryDictionary, LeavesWhatIsSmallerOtherwise) {
  // Ten bits each, packed as well without a dictionary.
  EXPECT_FALSE(Try(FixedBlock(test::RandomValues<uint64_t>(20000, 10))));
  std::vector<uint64_t> runs(20000);
  for (size_t i = 0; i < runs.size(); ++i) runs[i] = (i / 40 + 1) * 0x9E3779B97F4A7C15u;
  EXPECT_FALSE(Try(FixedBlock(runs)));
}

// Indices of runs are runs, of smaller values.
TEST(TryDictionary, TakesRunsOfFewValues) {
  std::vector<uint64_t> runs(20000);
  for (size_t i = 0; i < runs.size(); ++i) runs[i] = (i / 100 % 7 + 1) * 0x9E3779B97F4A7C15u;
  EXPECT_TRUE(Try(FixedBlock(runs)));
}

TEST(TryDictionary, KeepsToTheFormatAndTheOptions) {
  EncodingOptions old;
  old.format = FileFormat::k2_1;
  std::vector<uint64_t> values(1000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = i % 7 * 0x9E3779B97F4A7C15u;
  EXPECT_TRUE(Try(FixedBlock(values)));
  EXPECT_FALSE(Try(FixedBlock(values), old));
  EXPECT_FALSE(Try(FixedBlock(test::RandomValues<uint32_t>(1000, 1))));
  EXPECT_FALSE(Try(VariableBlock(Cities(99, 2))));
  EncodingOptions strict;
  strict.dictionary_divisor = 1000;
  EXPECT_FALSE(Try(VariableBlock(Cities(20000, 50)), strict));
  EncodingOptions small;
  small.dictionary_max_bytes = 100;
  EXPECT_FALSE(Try(VariableBlock(Cities(20000, 50)), small));
}

TEST(EncodeDictionaryValues, ReadBackInEveryFormat) {
  arrow::MemoryPool* const pool = arrow::default_memory_pool();
  for (FileFormat format : {FileFormat::k2_1, FileFormat::k2_2, FileFormat::k2_3}) {
    EncodingOptions options;
    options.format = format;
    const auto values = Cities(3000, 100000);
    const auto text = EncodeDictionaryValues(VariableBlock(values), options, pool).ValueOrDie();
    EXPECT_EQ(test::DecodeBlock(text.description, test::BytesOf(text.bytes), 3000).strings, values);
    EXPECT_EQ(text.description.has_general(), format != FileFormat::k2_1);
    for (int width : {12, 64}) {
      const auto words = test::RandomValues<uint64_t>(3000, width);
      const auto fixed = EncodeDictionaryValues(FixedBlock(words), options, pool).ValueOrDie();
      EXPECT_EQ(test::DecodeBlock(fixed.description, test::BytesOf(fixed.bytes), 3000).data,
                test::ToBytes(words));
    }
  }
}

}  // namespace
}  // namespace lancea
