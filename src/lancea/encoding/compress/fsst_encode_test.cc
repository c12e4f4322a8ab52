#include "lancea/encoding/compress/fsst_encode.h"

#include "lancea/encoding/compress/encoder_test_support.h"
#include "lancea/encoding/compress/encoding_messages.h"
#include "lancea/encoding/compress/fsst.h"
#include "lancea/encoding/compress/fsst_symbols.h"

namespace lancea {
namespace {

std::vector<std::string> RoundTrip(const std::vector<std::string>& values, double* ratio) {
  const ValueBlock block = test::VariableBlock(values);
  const FsstEncoder encoder = FsstEncoder::Learn(block);
  const ValueBlock codes = encoder.Encode(block, arrow::default_memory_pool()).ValueOrDie();
  *ratio = static_cast<double>(codes.values->size()) /
           std::max(1.0, static_cast<double>(block.values->size()));
  const auto decoded =
      test::DecodeValues(FsstEncoding(encoder.SymbolTable(), 32), test::CutValues(codes));
  EXPECT_TRUE(decoded.status.ok()) << decoded.status.ToString();
  return decoded.strings;
}

TEST(FsstEncoder, TextComesBackAndGetsSmaller) {
  for (int64_t words : {1, 4, 30}) {
    const auto values = test::Sentences(3000, words);
    double ratio;
    ASSERT_EQ(RoundTrip(values, &ratio), values);
    EXPECT_LT(ratio, 0.5) << words;
  }
}

TEST(FsstEncoder, AnyBytesComeBack) {
  std::mt19937_64 random(17);
  for (uint64_t alphabet : {1, 2, 5, 256}) {
    std::vector<std::string> values;
    for (int i = 0; i < 2000; ++i) {
      std::string value(random() % 40, '\0');
      for (char& c : value) c = static_cast<char>(256 - 1 - random() % alphabet);
      values.push_back(value);
    }
    // Values as short as what is looked up, of bytes that stand for nothing and for escapes.
    for (size_t length = 0; length < 20; ++length) {
      values.emplace_back(length, '\0');
      values.emplace_back(length, '\xFF');
    }
    double ratio;
    ASSERT_EQ(RoundTrip(values, &ratio), values) << alphabet;
    EXPECT_LE(ratio, 2);
  }
}

TEST(FsstEncoder, NothingComesBackAsNothing) {
  double ratio;
  EXPECT_EQ(RoundTrip({}, &ratio), std::vector<std::string>());
  EXPECT_EQ(RoundTrip({"", ""}, &ratio), (std::vector<std::string>{"", ""}));
  EXPECT_EQ(RoundTrip({"x"}, &ratio), std::vector<std::string>{"x"});
}

TEST(FsstEncoder, TheSampleTellsTheRatio) {
  const ValueBlock block = test::VariableBlock(test::Sentences(20000, 8));
  const FsstEncoder encoder = FsstEncoder::Learn(block);
  const ValueBlock codes = encoder.Encode(block, arrow::default_memory_pool()).ValueOrDie();
  EXPECT_NEAR(static_cast<double>(codes.values->size()) / static_cast<double>(block.values->size()),
              encoder.sample_ratio(), 0.05);
}

TEST(FsstEncoder, TheTableIsOfItsFixedSizeAndParses) {
  const std::string table =
      FsstEncoder::Learn(test::VariableBlock(test::Sentences(500, 8))).SymbolTable();
  EXPECT_EQ(table.size(), 2312u);
  EXPECT_EQ(table.substr(4, 4), "TSSF");
  const auto parsed =
      FsstTable::Parse(Bytes(reinterpret_cast<const uint8_t*>(table.data()), table.size()));
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->is_on());
}

FsstSymbol Symbol(const std::string& text) {
  FsstSymbol out{0, static_cast<uint32_t>(text.size())};
  std::memcpy(&out.value, text.data(), text.size());
  return out;
}

TEST(FsstSymbols, FindsTheLongest) {
  FsstSymbols symbols;
  for (const char* text : {"ab", "a", "abcd"}) EXPECT_TRUE(symbols.Add(Symbol(text)));
  auto find = [&](const char* text) { return int{symbols.Find(Symbol(text).value).code}; };
  EXPECT_EQ(find("abcdefgh"), 2);
  EXPECT_EQ(find("abcxefgh"), 0);
  EXPECT_EQ(find("axcdefgh"), 1);
  EXPECT_EQ(find("xbcdefgh"), int{FsstSymbols::kEscape});
}

TEST(FsstSymbols, DoesNotLookBeyondTheText) {
  FsstSymbols symbols;
  for (const char* text : {"ab", "a", "abcd"}) symbols.Add(Symbol(text));
  const uint64_t word = Symbol("abcdefgh").value;
  EXPECT_EQ(symbols.FindAny(word, 1).code, 1);
  EXPECT_EQ(symbols.FindAny(word, 2).code, 0);
  EXPECT_EQ(symbols.FindAny(word, 3).code, 0);
  EXPECT_EQ(symbols.FindAny(word, 4).code, 2);
}

TEST(FsstSymbols, RefusesWhatItHas) {
  FsstSymbols symbols;
  for (const char* text : {"a", "ab", "abc"}) {
    EXPECT_TRUE(symbols.Add(Symbol(text)));
    EXPECT_FALSE(symbols.Add(Symbol(text)));
  }
}

}  // namespace
}  // namespace lancea
