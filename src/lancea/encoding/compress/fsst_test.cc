#include "lancea/encoding/compress/fsst.h"

#include "lancea/encoding/compress/decoder_test_support.h"

namespace lancea {
namespace {

using test::Buffer;

// Symbols of every length, as codes 0, 1, 2, ...
const std::vector<std::string> kSymbols = {"a",     "th",     "ing",     "http",
                                           "://ex", "ample.", "org/pag", "the end "};

std::string SymbolTable(bool on) {
  Buffer table = {
      static_cast<uint8_t>(kSymbols.size()), 0, 0, static_cast<uint8_t>(on), 'T', 'S', 'S', 'F'};
  for (const std::string& symbol : kSymbols) {
    Buffer padded(symbol.begin(), symbol.end());
    padded.resize(8);
    test::Append(&table, padded);
  }
  for (const std::string& symbol : kSymbols) table.push_back(static_cast<uint8_t>(symbol.size()));
  table.resize(2312);
  return std::string(table.begin(), table.end());
}

EncodingMessage Fsst(const EncodingMessage& offsets, bool on = true) {
  EncodingMessage out;
  out.mutable_fsst()->set_symbol_table(SymbolTable(on));
  *out.mutable_fsst()->mutable_values() = test::Variable(offsets);
  return out;
}

// Codes of a value and what they stand for.
struct Value {
  Buffer codes;
  std::string text;
};

Value RandomValue(std::mt19937* random, size_t num_codes) {
  Value out;
  for (size_t i = 0; i < num_codes; ++i) {
    if ((*random)() % 5 == 0) {
      const uint8_t literal = static_cast<uint8_t>((*random)());
      out.codes.insert(out.codes.end(), {255, literal});
      out.text.push_back(static_cast<char>(literal));
    } else {
      const size_t code = (*random)() % kSymbols.size();
      out.codes.push_back(static_cast<uint8_t>(code));
      out.text += kSymbols[code];
    }
  }
  return out;
}

std::vector<Value> RandomValues(size_t num_values) {
  std::mt19937 random(static_cast<unsigned>(num_values));
  std::vector<Value> out;
  // Lengths around the decoder's step of codes, and empty ones.
  for (size_t i = 0; i < num_values; ++i) out.push_back(RandomValue(&random, random() % 23));
  return out;
}

template <typename Offset>
Buffer EncodeChunk(const std::vector<Value>& values) {
  std::vector<Offset> offsets = {static_cast<Offset>((values.size() + 1) * sizeof(Offset))};
  Buffer bytes;
  for (const Value& value : values) {
    offsets.push_back(static_cast<Offset>(offsets.back() + value.codes.size()));
    test::Append(&bytes, value.codes);
  }
  Buffer out = test::ToBytes(offsets);
  test::Append(&out, bytes);
  return out;
}

std::vector<std::string> Texts(const std::vector<Value>& values, int64_t begin, int64_t end) {
  std::vector<std::string> out;
  for (int64_t i = begin; i < end; ++i) out.push_back(values[static_cast<size_t>(i)].text);
  return out;
}

TEST(Fsst, ChunkGivesEverySubRange) {
  for (size_t num_values : {0, 1, 1023, 1025}) {
    const auto values = RandomValues(num_values);
    for (auto [begin, end] : test::SubRanges(static_cast<int64_t>(num_values))) {
      SCOPED_TRACE(testing::Message() << begin << ".." << end << " of " << num_values);
      const auto small =
          test::DecodeMiniBlock(Fsst(test::Flat(32)), {EncodeChunk<uint32_t>(values)},
                                static_cast<int64_t>(num_values), begin, end);
      ASSERT_TRUE(small.status.ok()) << small.status.ToString();
      ASSERT_EQ(small.strings, Texts(values, begin, end));
      const auto large =
          test::DecodeMiniBlock(Fsst(test::Flat(64)), {EncodeChunk<uint64_t>(values)},
                                static_cast<int64_t>(num_values), begin, end);
      ASSERT_EQ(large.strings, Texts(values, begin, end));
    }
  }
}

TEST(Fsst, RejectsDamage) {
  const auto values = RandomValues(60);
  const Buffer chunk = EncodeChunk<uint32_t>(values);
  const auto message = Fsst(test::Flat(32));
  test::ExpectTruncationFails(message, std::vector<Buffer>{chunk}, 60);
  test::SurviveFlips(message, {chunk}, 60);
  test::ExpectFalseCountsFail(message, std::vector<Buffer>{chunk});
}

TEST(Fsst, EscapeAtTheEndOfAValueIsCorrupt) {
  for (size_t before = 0; before < 12; ++before) {
    Buffer codes(before, 1);
    codes.push_back(255);
    EXPECT_FALSE(test::DecodeValues(Fsst(test::Flat(32)), {codes}).status.ok()) << before;
    // Not even when the next value would supply the byte.
    const auto chunk = EncodeChunk<uint32_t>({Value{codes, ""}, Value{{0, 0}, "aa"}});
    EXPECT_FALSE(test::DecodeMiniBlock(Fsst(test::Flat(32)), {chunk}, 2, 0, 2).status.ok())
        << before;
    // Nor among many values, which are decoded as one.
    std::vector<Value> many(20, Value{{0, 1}, ""});
    many[before].codes = codes;
    const auto large = EncodeChunk<uint32_t>(many);
    EXPECT_FALSE(test::DecodeMiniBlock(Fsst(test::Flat(32)), {large}, 20, 0, 20).status.ok())
        << before;
  }
}

TEST(Fsst, ValuesDecodeOneByOne) {
  const auto values = RandomValues(300);
  std::vector<Buffer> codes;
  for (const Value& value : values) codes.push_back(value.codes);
  EXPECT_EQ(test::DecodeValues(Fsst(test::Flat(32)), codes).strings, Texts(values, 0, 300));
}

TEST(Fsst, SwitchedOffValuesAreAsTheyAre) {
  const auto message = Fsst(test::Flat(32), /*on=*/false);
  EXPECT_EQ(test::DecodeValues(message, {{1, 255}, {}}).strings,
            (std::vector<std::string>{"\x01\xFF", ""}));
  const auto chunk = EncodeChunk<uint32_t>({Value{{1, 255}, ""}, Value{{'x'}, ""}});
  EXPECT_EQ(test::DecodeMiniBlock(message, {chunk}, 2, 0, 2).strings,
            (std::vector<std::string>{"\x01\xFF", "x"}));
}

TEST(Fsst, RejectsTablesThatCannotBe) {
  EncodingMessage message = Fsst(test::Flat(32));
  const std::string good = message.fsst().symbol_table();
  auto is_refused = [&](std::string table) {
    message.mutable_fsst()->set_symbol_table(table);
    return !MakeMiniBlockDecoder(message).ok();
  };
  EXPECT_FALSE(is_refused(good));
  EXPECT_TRUE(is_refused(""));
  EXPECT_TRUE(is_refused(good.substr(0, 70)));
  std::string magic = good;
  magic[6] = 'X';
  EXPECT_TRUE(is_refused(magic));
  std::string length = good;
  length[8 + 8 * kSymbols.size()] = 9;
  EXPECT_TRUE(is_refused(length));
}

}  // namespace
}  // namespace lancea
