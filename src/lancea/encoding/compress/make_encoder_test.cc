#include "lancea/encoding/compress/make_encoder.h"

#include "lancea/encoding/compress/choose.h"
#include "lancea/encoding/compress/encoder_test_support.h"

namespace lancea {
namespace {

using test::BitBlock;
using test::FixedBlock;
using test::VariableBlock;
using Compression = EncodingOptions::Compression;

constexpr int64_t kSizes[] = {0, 1, 2, 3, 1023, 1024, 1025, 4096, 5000, 40000};

MiniBlockEncoding MiniBlock(const ValueBlock& block, const EncodingOptions& options = {}) {
  return EncodeMiniBlock(block, options, arrow::default_memory_pool()).ValueOrDie();
}

std::string Describe(const MiniBlockEncoding& encoding) {
  return DescribeEncoding(encoding.description);
}

// Every kind of options, with its name for messages.
std::vector<std::pair<std::string, EncodingOptions>> AllOptions() {
  std::vector<std::pair<std::string, EncodingOptions>> out;
  for (FileFormat format : {FileFormat::k2_1, FileFormat::k2_2}) {
    const std::string name = format == FileFormat::k2_1 ? "2.1" : "2.2";
    for (Compression compression : {Compression::kDefault, Compression::kNone, Compression::kFsst,
                                    Compression::kLz4, Compression::kZstd}) {
      EncodingOptions options;
      options.format = format;
      options.compression = compression;
      out.emplace_back(name + " compression " + std::to_string(static_cast<int>(compression)),
                       options);
    }
    EncodingOptions options;
    options.format = format;
    options.compact = true;
    out.emplace_back(name + " compact", options);
    options.compact = false;
    options.mini_block_bytes = 600;
    out.emplace_back(name + " small chunks", options);
    options.mini_block_bytes.reset();
    options.compression = Compression::kZstd;
    options.byte_stream_split = EncodingOptions::ByteStreamSplit::kOn;
    out.emplace_back(name + " split", options);
  }
  return out;
}

void ExpectLimits(const MiniBlockEncoding& encoding, const EncodingOptions& options,
                  int64_t num_values) {
  const ChunkLimits limits = LimitsFor(options, encoding.description.has_general(), 0);
  const int64_t most = options.format == FileFormat::k2_1
                           ? choose::kMaxChunkBytes21
                           : std::max(limits.max_bytes, choose::kChunkBytes) + 4096;
  test::ExpectChunkRules(encoding, num_values, std::max<int64_t>(limits.max_values, 4096), most);
}

// Values of many shapes: noise of every width, runs, few distinct, sorted.
template <typename T>
std::vector<std::vector<T>> Shapes(int64_t size) {
  std::vector<std::vector<T>> out;
  const int bits = 8 * sizeof(T);
  for (int width : {0, 1, 3, bits / 2 + 1, bits - 1, bits}) {
    out.push_back(test::RandomValues<T>(size, width));
  }
  std::mt19937_64 random(23);
  for (uint64_t longest : {3, 20, 3000}) {
    std::vector<T>& runs = out.emplace_back();
    while (static_cast<int64_t>(runs.size()) < size) {
      runs.resize(runs.size() + random() % longest + 1, static_cast<T>(random()));
    }
    runs.resize(static_cast<size_t>(size));
  }
  std::vector<T>& sorted = out.emplace_back(test::RandomValues<T>(size, bits));
  std::sort(sorted.begin(), sorted.end());
  return out;
}

template <typename T>
class FixedMiniBlock : public testing::Test {};
using Words = testing::Types<uint8_t, uint16_t, uint32_t, uint64_t>;
TYPED_TEST_SUITE(FixedMiniBlock, Words);

TYPED_TEST(FixedMiniBlock, ComesBackWhateverIsChosen) {
  for (const auto& [name, options] : AllOptions()) {
    for (int64_t size : kSizes) {
      for (const auto& values : Shapes<TypeParam>(size)) {
        const MiniBlockEncoding encoding = MiniBlock(FixedBlock(values), options);
        SCOPED_TRACE(name + ", " + std::to_string(size) + " values, " + Describe(encoding));
        const test::Decoded decoded = test::DecodeChunks(encoding);
        ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
        ASSERT_EQ(decoded.data, test::ToBytes(values));
        ExpectLimits(encoding, options, size);
      }
    }
  }
}

TYPED_TEST(FixedMiniBlock, TakesNoMoreThanPlainValues) {
  for (int64_t size : {1025, 40000}) {
    for (const auto& values : Shapes<TypeParam>(size)) {
      const MiniBlockEncoding encoding = MiniBlock(FixedBlock(values));
      EXPECT_LE(test::EncodedBytes(encoding), size * static_cast<int64_t>(sizeof(TypeParam)))
          << Describe(encoding);
    }
  }
}

TEST(EncodeMiniBlock, WideValuesAndBitsComeBack) {
  for (const auto& [name, options] : AllOptions()) {
    SCOPED_TRACE(name);
    for (int64_t size : kSizes) {
      std::mt19937_64 random(static_cast<uint64_t>(size));
      std::vector<bool> bits(static_cast<size_t>(size));
      for (size_t i = 0; i < bits.size(); ++i) bits[i] = random() % 3 == 0;
      const ValueBlock block = BitBlock(bits);
      const MiniBlockEncoding encoding = MiniBlock(block, options);
      const test::Buffer decoded = test::DecodeChunks(encoding).data;
      for (size_t i = 0; i < bits.size(); ++i) {
        ASSERT_EQ((decoded.at(i / 8) >> (i % 8) & 1) != 0, bits[i]) << i << " of " << size;
      }
      ExpectLimits(encoding, options, size);
      for (uint64_t width : {3, 16, 32, 200}) {
        ValueBlock wide;
        wide.num_values = size;
        wide.bits_per_value = 8 * width;
        const auto bytes = test::RandomValues<uint8_t>(size * static_cast<int64_t>(width), 3);
        wide.values = test::MakeBuffer(bytes);
        const MiniBlockEncoding encoded = MiniBlock(wide, options);
        ASSERT_EQ(test::DecodeChunks(encoded).data, bytes);
        ExpectLimits(encoded, options, size);
      }
    }
  }
}

TEST(EncodeMiniBlock, TextComesBackWhateverIsChosen) {
  for (const auto& [name, options] : AllOptions()) {
    for (int64_t size : kSizes) {
      for (int64_t words : {0, 1, 12}) {
        const auto values = test::Sentences(size, words);
        const std::vector<ValueBlock> blocks = {VariableBlock<int32_t>(values),
                                                VariableBlock<int64_t>(values, false)};
        for (const ValueBlock& block : blocks) {
          const MiniBlockEncoding encoding = MiniBlock(block, options);
          SCOPED_TRACE(name + ", " + std::to_string(size) + " values, " + Describe(encoding));
          const test::Decoded decoded = test::DecodeChunks(encoding);
          ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
          ASSERT_EQ(decoded.strings, values);
          ExpectLimits(encoding, options, size);
        }
      }
    }
  }
}

// Lists of 3 and 5 times 2 items, with nulls at any level.
TEST(EncodeMiniBlock, FixedSizeListsComeBackWithTheirNulls) {
  std::mt19937_64 random(29);
  auto bitmap = [&](int64_t bits) { return test::RandomValues<uint8_t>((bits + 7) / 8, 8); };
  auto spelled = [](const test::Buffer& bits, int64_t count) {
    std::string out;
    for (int64_t i = 0; i < count; ++i) {
      out.push_back((bits[static_cast<size_t>(i / 8)] >> (i % 8) & 1) != 0 ? '1' : '0');
    }
    return out;
  };
  for (const auto& [name, options] : AllOptions()) {
    for (int64_t size : kSizes) {
      for (int nulls = 0; nulls < 4; ++nulls) {
        ValueBlock block;
        block.num_values = size;
        block.bits_per_value = 16;
        block.list_levels = {{5, nullptr}, {2, nullptr}};
        const auto items = test::RandomValues<uint16_t>(size * 10, 9);
        block.values = FixedBlock(items).values;
        const test::Buffer outer = bitmap(size * 5), inner = bitmap(size * 10);
        if ((nulls & 1) != 0) block.list_levels[0].item_validity = test::MakeBuffer(outer);
        if ((nulls & 2) != 0) block.list_levels[1].item_validity = test::MakeBuffer(inner);
        const MiniBlockEncoding encoding = MiniBlock(block, options);
        SCOPED_TRACE(name + ", " + std::to_string(size) + " values, " + Describe(encoding));
        ExpectLimits(encoding, options, size);
        const test::Decoded decoded = test::DecodeChunks(encoding);
        ASSERT_TRUE(decoded.status.ok()) << decoded.status.ToString();
        ASSERT_EQ(decoded.data, test::ToBytes(items));
        if (size == 0) continue;
        const std::string levels[] = {spelled(outer, size * 5), spelled(inner, size * 10)};
        for (size_t level = 0; level < decoded.validity.size(); ++level) {
          const bool stored = (nulls >> level & 1) != 0;
          ASSERT_EQ(decoded.validity[level],
                    stored ? levels[level] : std::string(levels[level].size(), '1'));
        }
      }
    }
  }
}

TEST(EncodeMiniBlock, PackedStructsAreRows) {
  ValueBlock block;
  block.num_values = 3000;
  const auto a = test::RandomValues<uint32_t>(3000, 32);
  const auto b = test::RandomValues<uint8_t>(3000, 8);
  block.children = {FixedBlock(a), FixedBlock(b)};
  test::Buffer rows;
  for (size_t i = 0; i < a.size(); ++i) {
    test::AppendWord(&rows, a[i]);
    test::AppendWord(&rows, b[i]);
  }
  const MiniBlockEncoding encoding = MiniBlock(block);
  EXPECT_EQ(Describe(encoding), "packed_struct(flat(40))");
  EXPECT_EQ(test::DecodeChunks(encoding).data, rows);
  block.children.push_back(VariableBlock(std::vector<std::string>(3000, "x")));
  EXPECT_FALSE(EncodeMiniBlock(block, {}, arrow::default_memory_pool()).ok());
}

TEST(EncodeMiniBlock, ChoosesTheEncodingThatSuits) {
  EXPECT_EQ(Describe(MiniBlock(FixedBlock(test::RandomValues<uint64_t>(5000, 20)))),
            "bitpacked(64)");
  EXPECT_EQ(Describe(MiniBlock(FixedBlock(test::RandomValues<uint32_t>(5000, 32)))), "flat(32)");
  std::vector<uint32_t> runs(50000);
  for (size_t i = 0; i < runs.size(); ++i) runs[i] = static_cast<uint32_t>(i / 40 * 2654435761u);
  EXPECT_EQ(Describe(MiniBlock(FixedBlock(runs))), "rle(flat(32), flat(8))");
  EXPECT_EQ(Describe(MiniBlock(VariableBlock(test::Sentences(5000, 8)))),
            "fsst(variable(flat(32)))");
  EXPECT_EQ(Describe(MiniBlock(VariableBlock(test::Sentences(5000, 8), false))),
            "variable(flat(32))");
  EXPECT_EQ(Describe(MiniBlock(VariableBlock(test::Sentences(50, 8)))), "variable(flat(32))");
}

TEST(EncodeMiniBlock, LeavesTextThatDoesNotGetSmaller) {
  std::vector<std::string> noise;
  for (int i = 0; i < 3000; ++i) {
    const auto bytes = test::RandomValues<uint8_t>(20 + i % 7, 8);
    noise.emplace_back(bytes.begin(), bytes.end());
    for (char& c : noise.back()) c = static_cast<char>(c + i * 31 + noise.back().size() * i);
  }
  std::mt19937_64 random(1);
  for (std::string& value : noise) {
    for (char& c : value) c = static_cast<char>(random());
  }
  EXPECT_EQ(Describe(MiniBlock(VariableBlock(noise))), "variable(flat(32))");
}

TEST(EncodeMiniBlock, HonoursTheOptions) {
  const ValueBlock narrow = FixedBlock(test::RandomValues<uint32_t>(50000, 5));
  EncodingOptions none;
  none.compression = Compression::kNone;
  EXPECT_EQ(Describe(MiniBlock(narrow, none)), "flat(32)");
  EncodingOptions split;
  split.compression = Compression::kLz4;
  split.byte_stream_split = EncodingOptions::ByteStreamSplit::kOn;
  EXPECT_EQ(Describe(MiniBlock(narrow, split)), "lz4(byte_stream_split(flat(32)))");

  std::vector<uint32_t> runs(50000);
  for (size_t i = 0; i < runs.size(); ++i) runs[i] = static_cast<uint32_t>(i / 4 * 2654435761u);
  EncodingOptions few_runs;
  few_runs.rle_threshold = 0.1;
  EXPECT_EQ(Describe(MiniBlock(FixedBlock(runs))), "rle(flat(32), flat(8))");
  EXPECT_EQ(Describe(MiniBlock(FixedBlock(runs), few_runs)), "flat(32)");
}

TEST(EncodeMiniBlock, KeepsToFewerValuesAChunk) {
  std::vector<uint8_t> runs(5000, 7);
  for (const auto& values : {runs, test::RandomValues<uint8_t>(5000, 2)}) {
    const MiniBlockEncoding encoding =
        EncodeMiniBlock(FixedBlock(values), {}, arrow::default_memory_pool(), 300).ValueOrDie();
    test::ExpectChunkRules(encoding, 5000, 256, 256);
    EXPECT_EQ(test::DecodeChunks(encoding).data, values);
  }
}

TEST(EncodeMiniBlock, CompactIsSmallerAndItsChunksLarger) {
  std::vector<double> prices;
  std::mt19937_64 random(31);
  for (int i = 0; i < 100000; ++i) prices.push_back(static_cast<double>(random() % 100000) / 100);
  EncodingOptions compact;
  compact.compact = true;
  const MiniBlockEncoding plain = MiniBlock(FixedBlock(prices));
  const MiniBlockEncoding small = MiniBlock(FixedBlock(prices), compact);
  EXPECT_TRUE(small.description.has_general()) << Describe(small);
  EXPECT_LT(test::EncodedBytes(small), test::EncodedBytes(plain) * 3 / 5);
  EXPECT_EQ(small.chunks[0].num_values, 32768u);
  const auto text = VariableBlock(test::Sentences(20000, 8));
  EXPECT_LT(test::EncodedBytes(MiniBlock(text, compact)),
            test::EncodedBytes(MiniBlock(text)) * 9 / 10);
}

TEST(EncodeMiniBlock, RefusesValuesTooWideForItsChunks) {
  EncodingOptions old;
  old.format = FileFormat::k2_1;
  const auto huge = VariableBlock({std::string(20000, 'x'), std::string(20000, 'y'), "z"}, false);
  EXPECT_FALSE(EncodeMiniBlock(huge, old, arrow::default_memory_pool()).ok());
  const MiniBlockEncoding encoding = MiniBlock(huge);
  EXPECT_EQ(test::DecodeChunks(encoding).strings[1], std::string(20000, 'y'));
}

TEST(EncodeMiniBlock, RefusesBlocksThatContradictThemselves) {
  arrow::MemoryPool* const pool = arrow::default_memory_pool();
  ValueBlock block = FixedBlock(test::RandomValues<uint32_t>(10, 5));
  block.num_values = 11;
  EXPECT_FALSE(EncodeMiniBlock(block, {}, pool).ok());
  block.num_values = -1;
  EXPECT_FALSE(EncodeMiniBlock(block, {}, pool).ok());
  block.num_values = 1;
  block.bits_per_value = 7;
  EXPECT_FALSE(EncodeMiniBlock(block, {}, pool).ok());
  ValueBlock text = VariableBlock({"a", "b"});
  text.offsets = FixedBlock(std::vector<int32_t>{0, 2, 1}).values;
  EXPECT_FALSE(EncodeMiniBlock(text, {}, pool).ok());
  text.offsets = FixedBlock(std::vector<int32_t>{0, 1, 3}).values;
  EXPECT_FALSE(EncodeMiniBlock(text, {}, pool).ok());
}

TEST(EncodeMiniBlock, TakesBuffersAtAnyAddress) {
  const auto values = test::RandomValues<uint64_t>(3000, 40);
  test::Buffer shifted = {0};
  test::Append(&shifted, test::ToBytes(values));
  ValueBlock block = FixedBlock(values);
  block.values = arrow::SliceBuffer(test::MakeBuffer(shifted), 1);
  EXPECT_EQ(test::DecodeChunks(MiniBlock(block)).data, test::ToBytes(values));
}

TEST(EncodeBlock, IsPlain) {
  arrow::MemoryPool* const pool = arrow::default_memory_pool();
  for (int64_t size : {0, 1, 1000}) {
    const auto text = test::Sentences(size, 4);
    for (const auto& block : {VariableBlock<int32_t>(text), VariableBlock<int64_t>(text)}) {
      const auto encoded = EncodeBlock(block, {}, pool).ValueOrDie();
      EXPECT_EQ(test::DecodeBlock(encoded.description, test::BytesOf(encoded.bytes), size).strings,
                text);
    }
    const auto words = test::RandomValues<uint64_t>(size, 64);
    const auto encoded = EncodeBlock(FixedBlock(words), {}, pool).ValueOrDie();
    EXPECT_EQ(test::DecodeBlock(encoded.description, test::BytesOf(encoded.bytes), size).data,
              test::ToBytes(words));
  }
}

}  // namespace
}  // namespace lancea
