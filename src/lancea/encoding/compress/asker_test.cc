// Every encoding answers conditions as its decoded values do.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "lancea/encoding/compress/encoder_test_support.h"
#include "lancea/encoding/compress/fsst_encode.h"
#include "lancea/encoding/compress/make_encoder.h"
#include "lancea/encoding/compress/naive_fastlanes_test_support.h"

namespace lancea {
namespace {

using test::Buffer;
using Kind = TextCondition::Kind;

// A chunk and its plain values.
struct NumberChunk {
  std::string name;
  EncodingMessage message;
  std::vector<Buffer> buffers;
  std::vector<int64_t> values;
  int width = 4;
};

template <typename T>
NumberChunk InlineChunk(int bits, int64_t num_values) {
  NumberChunk out{"inline", test::InlineBitpacking(8 * sizeof(T)), {}, {}, sizeof(T)};
  const auto values = test::RandomValues<T>(num_values, bits);
  Buffer bytes;
  test::AppendWord(&bytes, static_cast<T>(bits));
  test::Append(&bytes, test::NaivePack(values, bits));
  out.buffers = {bytes};
  for (const T value : values) {
    out.values.push_back(static_cast<int64_t>(static_cast<std::make_signed_t<T>>(value)));
  }
  return out;
}

NumberChunk RunsChunk(unsigned longest) {
  NumberChunk out{"rle", test::Rle(test::Flat(32), test::Flat(8)), {}, {}, 4};
  std::mt19937_64 random(longest);
  std::vector<int32_t> values;
  std::vector<uint8_t> lengths;
  while (out.values.size() < 1000) {
    values.push_back(static_cast<int32_t>(random() % 40) - 20);
    lengths.push_back(static_cast<uint8_t>(1 + random() % longest));
    out.values.insert(out.values.end(), lengths.back(), values.back());
  }
  out.buffers = {test::ToBytes(values), test::ToBytes(lengths)};
  return out;
}

NumberChunk FlatChunk() {
  NumberChunk out{"flat", test::Flat(32), {}, {}, 4};
  std::mt19937_64 random(1);
  std::vector<int32_t> values;
  for (int i = 0; i < 1500; ++i) values.push_back(static_cast<int32_t>(random() % 60) - 30);
  out.values.assign(values.begin(), values.end());
  out.buffers = {test::ToBytes(values)};
  return out;
}

std::vector<uint8_t> Answers(const EncodingMessage& message, const std::vector<Buffer>& buffers,
                             const ValueCondition& condition, int64_t num_values, int64_t begin,
                             int64_t end, arrow::Status* status = nullptr) {
  const auto decoder = MakeMiniBlockDecoder(message).ValueOrDie();
  const auto asker = MakeMiniBlockAsker(*decoder, condition, arrow::default_memory_pool());
  const std::vector<Bytes> views(buffers.begin(), buffers.end());
  std::vector<uint8_t> out(static_cast<size_t>(end - begin), 9);
  if (asker == nullptr) {
    ADD_FAILURE() << "no asker";
    return out;
  }
  // Twice: scratch memory is used again.
  arrow::Status asked;
  for (int time = 0; time < 2; ++time) {
    asked = asker->Ask(views, num_values, begin, end, out.data());
  }
  if (status != nullptr) {
    *status = asked;
  } else {
    EXPECT_TRUE(asked.ok()) << asked.ToString();
  }
  return out;
}

TEST(MiniBlockAsker, GivesNumbersTheAnswersOfTheirDecodedValues) {
  std::vector<NumberChunk> chunks = {RunsChunk(1), RunsChunk(9), RunsChunk(200), FlatChunk()};
  for (int bits : {0, 1, 5, 8}) chunks.push_back(InlineChunk<uint8_t>(bits, 1000));
  for (int bits : {3, 12, 16}) chunks.push_back(InlineChunk<uint16_t>(bits, 1024));
  for (int bits : {4, 17, 32}) chunks.push_back(InlineChunk<uint32_t>(bits, 700));
  for (int bits : {5, 40, 63, 64}) chunks.push_back(InlineChunk<uint64_t>(bits, 1024));
  std::mt19937_64 random(2);
  for (const NumberChunk& chunk : chunks) {
    const auto num_values = static_cast<int64_t>(chunk.values.size());
    for (int round = 0; round < 12; ++round) {
      auto one_of = [&] { return chunk.values[random() % chunk.values.size()]; };
      const bool negated = round % 2 == 0;
      std::vector<NumberCondition::Wide> set;
      NumberCondition::Wide low = one_of(), high = one_of();
      if (round % 4 == 1) low = -200;
      if (round % 4 == 2) high = NumberCondition::Wide{1} << 62;
      for (int i = 0; i < (round % 3 == 0 ? 3 : 40); ++i) set.push_back(one_of());
      for (const bool interval : {true, false}) {
        const ValueCondition condition(
            interval ? NumberCondition::Between(
                           NumberCondition::Order::kSigned, chunk.width, low,
                           std::min(high, (NumberCondition::Wide{1} << (8 * chunk.width - 1)) - 1),
                           negated)
                     : NumberCondition::AnyOf(NumberCondition::Order::kSigned, chunk.width, set,
                                              negated));
        for (auto [begin, end] : test::SubRanges(num_values)) {
          const auto got = Answers(chunk.message, chunk.buffers, condition, num_values, begin, end);
          for (int64_t i = begin; i < end; ++i) {
            const int64_t value = chunk.values[static_cast<size_t>(i)];
            const bool holds = interval ? low <= value && value <= high
                                        : std::find(set.begin(), set.end(), value) != set.end();
            ASSERT_EQ(got[static_cast<size_t>(i - begin)], holds != negated)
                << chunk.name << " of " << chunk.width << " bytes, value " << value << " at " << i
                << " of " << begin << ".." << end;
          }
        }
      }
    }
  }
}

struct TextChunk {
  std::string name;
  EncodingMessage message;
  std::vector<Buffer> buffers;
  std::vector<std::string> values;
};

template <typename Offset>
Buffer VariableBuffer(const std::vector<std::string>& codes) {
  std::vector<Offset> offsets = {static_cast<Offset>((codes.size() + 1) * sizeof(Offset))};
  Buffer bytes;
  for (const std::string& each : codes) {
    offsets.push_back(static_cast<Offset>(offsets.back() + each.size()));
    bytes.insert(bytes.end(), each.begin(), each.end());
  }
  Buffer out = test::ToBytes(offsets);
  test::Append(&out, bytes);
  return out;
}

std::vector<std::string> Texts() {
  std::vector<std::string> out = test::Sentences(700, 5);
  for (size_t i = 0; i < out.size(); i += 9) out[i].clear();
  for (size_t i = 3; i < out.size(); i += 11) out[i] = "the quick";
  for (size_t i = 5; i < out.size(); i += 31) out[i] = std::string("t\0\xff\xfe", 4);
  out.back() = "th";
  return out;
}

// The values as codes of a table that was learned from them.
TextChunk LearnedChunk() {
  TextChunk out{"fsst, learned", {}, {}, Texts()};
  const ValueBlock block = test::VariableBlock(out.values);
  const FsstEncoder encoder = FsstEncoder::Learn(block);
  const ValueBlock coded = encoder.Encode(block, arrow::default_memory_pool()).ValueOrDie();
  std::vector<std::string> codes;
  for (const Buffer& each : test::CutValues(coded)) codes.emplace_back(each.begin(), each.end());
  out.message.mutable_fsst()->set_symbol_table(encoder.SymbolTable());
  *out.message.mutable_fsst()->mutable_values() = test::Variable(test::Flat(32));
  out.buffers = {VariableBuffer<uint32_t>(codes)};
  return out;
}

// Each value by codes chosen at random among all that spell it: escapes, short and long symbols.
TextChunk AnyCodesChunk(bool wide_offsets) {
  static const std::vector<std::string> kSymbols = {"t",   "th",  "the ",     "quick", "the quic",
                                                    "e",   "r",   "requests", " ",     "ick",
                                                    "uic", "fox", "o",        "er"};
  TextChunk out{"fsst, any codes", {}, {}, Texts()};
  std::mt19937_64 random(3);
  std::vector<std::string> codes;
  for (const std::string& value : out.values) {
    std::string& code = codes.emplace_back();
    for (size_t at = 0; at < value.size();) {
      std::vector<size_t> fit;
      for (size_t k = 0; k < kSymbols.size(); ++k) {
        if (value.compare(at, kSymbols[k].size(), kSymbols[k]) == 0) fit.push_back(k);
      }
      if (fit.empty() || random() % 4 == 0) {
        code += static_cast<char>(255);
        code += value[at++];
      } else {
        const size_t pick = fit[random() % fit.size()];
        code += static_cast<char>(pick);
        at += kSymbols[pick].size();
      }
    }
  }
  Buffer table = {static_cast<uint8_t>(kSymbols.size()), 0, 0, 1, 'T', 'S', 'S', 'F'};
  for (const std::string& symbol : kSymbols) {
    Buffer padded(symbol.begin(), symbol.end());
    padded.resize(8, 'x');
    test::Append(&table, padded);
  }
  for (const std::string& symbol : kSymbols) table.push_back(static_cast<uint8_t>(symbol.size()));
  table.resize(2312);
  out.message.mutable_fsst()->set_symbol_table(std::string(table.begin(), table.end()));
  *out.message.mutable_fsst()->mutable_values() =
      test::Variable(test::Flat(wide_offsets ? 64 : 32));
  out.buffers = {wide_offsets ? VariableBuffer<uint64_t>(codes) : VariableBuffer<uint32_t>(codes)};
  return out;
}

TextChunk PlainChunk(uint64_t bits) {
  TextChunk out{"variable", test::Variable(test::Flat(bits)), {}, Texts()};
  out.buffers = {bits == 32 ? VariableBuffer<uint32_t>(out.values)
                            : VariableBuffer<uint64_t>(out.values)};
  return out;
}

bool Holds(Kind kind, const std::string& value, const std::string& text,
           const std::vector<std::string>& set) {
  switch (kind) {
    case Kind::kEqual:
      return value == text;
    case Kind::kPrefix:
      return value.starts_with(text);
    case Kind::kSuffix:
      return value.ends_with(text);
    case Kind::kContains:
      return value.find(text) != std::string::npos;
    default:
      return std::find(set.begin(), set.end(), value) != set.end();
  }
}

TEST(MiniBlockAsker, GivesTextsTheAnswersOfTheirDecodedValues) {
  std::mt19937_64 random(4);
  for (const TextChunk& chunk : {LearnedChunk(), AnyCodesChunk(false), AnyCodesChunk(true),
                                 PlainChunk(32), PlainChunk(64)}) {
    const auto num_values = static_cast<int64_t>(chunk.values.size());
    std::vector<std::string> texts = {"",         "t",   "th",       "the",  "the quick",
                                      "requests", "ick", "nowhere!", " the", std::string("\0", 1)};
    for (int i = 0; i < 20; ++i) {
      const std::string& value = chunk.values[random() % chunk.values.size()];
      const size_t begin = value.empty() ? 0 : random() % value.size();
      texts.push_back(value.substr(i % 2 == 0 ? 0 : begin, random() % 20));
      texts.push_back(value);
    }
    for (size_t t = 0; t < texts.size(); ++t) {
      const std::vector<std::string> set = {texts[t], texts[(t * 7 + 1) % texts.size()], "fox"};
      for (const Kind kind :
           {Kind::kEqual, Kind::kPrefix, Kind::kSuffix, Kind::kContains, Kind::kAnyOf}) {
        const bool negated = (t + static_cast<size_t>(kind)) % 2 == 0;
        const ValueCondition condition(kind == Kind::kAnyOf
                                           ? TextCondition::AnyOf(set, negated)
                                           : TextCondition(kind, texts[t], negated));
        const auto ranges = test::SubRanges(num_values);
        for (size_t r = 0; r < ranges.size(); r += t % 5 == 0 ? 1 : 4) {
          const auto [begin, end] = ranges[r];
          const auto got = Answers(chunk.message, chunk.buffers, condition, num_values, begin, end);
          for (int64_t i = begin; i < end; ++i) {
            const std::string& value = chunk.values[static_cast<size_t>(i)];
            ASSERT_EQ(got[static_cast<size_t>(i - begin)],
                      Holds(kind, value, texts[t], set) != negated)
                << chunk.name << ", kind " << static_cast<int>(kind) << ": \"" << value
                << "\" and \"" << texts[t] << "\"";
          }
        }
      }
    }
  }
}

TEST(MiniBlockAsker, RefusesCutChunks) {
  const ValueCondition part(TextCondition(Kind::kContains, "fox", false));
  const ValueCondition whole(TextCondition(Kind::kEqual, "fox", false));
  for (const TextChunk& chunk : {LearnedChunk(), PlainChunk(32)}) {
    for (const ValueCondition* condition : {&part, &whole}) {
      const auto num_values = static_cast<int64_t>(chunk.values.size());
      for (const size_t cut : test::Cuts(chunk.buffers[0].size())) {
        const Buffer damaged(chunk.buffers[0].begin(),
                             chunk.buffers[0].begin() + static_cast<int64_t>(cut));
        arrow::Status status;
        Answers(chunk.message, {damaged}, *condition, num_values, 0, num_values, &status);
        EXPECT_FALSE(status.ok()) << chunk.name << " cut to " << cut;
      }
    }
  }
  const NumberChunk runs = RunsChunk(9);
  const ValueCondition range(
      NumberCondition::Between(NumberCondition::Order::kSigned, 4, 0, 5, false));
  const auto num_values = static_cast<int64_t>(runs.values.size());
  arrow::Status status;
  Answers(runs.message, {runs.buffers[0], {}}, range, num_values, 0, num_values, &status);
  EXPECT_FALSE(status.ok());
}

TEST(MiniBlockAsker, IsNoneForConditionsOfAnotherKind) {
  const ValueCondition text(TextCondition(Kind::kEqual, "a", false));
  const ValueCondition number(
      NumberCondition::Between(NumberCondition::Order::kSigned, 4, 0, 5, false));
  auto* pool = arrow::default_memory_pool();
  const auto flat = MakeMiniBlockDecoder(test::Flat(64)).ValueOrDie();
  const auto variable = MakeMiniBlockDecoder(test::Variable(test::Flat(32))).ValueOrDie();
  EXPECT_EQ(MakeMiniBlockAsker(*flat, text, pool), nullptr);
  EXPECT_EQ(MakeMiniBlockAsker(*flat, number, pool), nullptr);
  EXPECT_EQ(MakeMiniBlockAsker(*variable, number, pool), nullptr);
}

}  // namespace
}  // namespace lancea
