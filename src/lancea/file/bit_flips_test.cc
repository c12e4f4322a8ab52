// Every flipped bit of a file we wrote is an error, never wrong rows.
#include <random>

#include "lancea/error.h"
#include "lancea/file/file_writing_for_test.h"
#include "lancea/file/locate_bytes.h"

namespace lancea {
namespace {

PlainFile SmallFile() {
  PlainFile file;
  file.num_rows = 400;
  file.options.data_cache_bytes = 1600;
  file.global_buffers = {"of the caller"};
  return file;
}

PlainFile LargerFile() {
  PlainFile file;
  file.num_rows = 20'000;
  file.options.data_cache_bytes = 2 * 40'000;
  return file;
}

std::string Flipped(std::string bytes, size_t at, int bit) {
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
  return bytes;
}

TEST(BitFlips, NoneInAWholeFileGoesUnseen) {
  const std::string bytes = SmallFile().Bytes();
  ASSERT_TRUE(ReadAll(bytes).ok());
  for (bool is_memory : {true, false}) {
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        // All bits where metadata are, one where values are.
        if (at < bytes.size() - 1500 && bit != static_cast<int>(at * 5 % 8)) continue;
        auto read = ReadAll(Flipped(bytes, at, bit), is_memory);
        ASSERT_EQ(CategoryOf(read.status()), ErrorCategory::kCorrupt)
            << "byte " << at << " of " << bytes.size() << ", bit " << bit << ": " << read.status();
        ASSERT_TRUE(read.status().message().starts_with("dir/data.lance")) << read.status();
      }
    }
  }
}

TEST(BitFlips, AreNamedByColumnAndPage) {
  PlainFile file = LargerFile();
  file.batch_rows = 5'000;
  const std::string bytes = file.Bytes();
  auto sound = DataFileReader::Open(std::make_shared<BytesReader>(bytes, true)).ValueOrDie();
  std::mt19937 random(20240611);
  for (int trial = 0; trial < 200; ++trial) {
    const int32_t column = static_cast<int32_t>(random() % 2);
    const auto info = sound->Column(column).ValueOrDie();
    const size_t page = random() % info->pages.size();
    const ByteRange buffer = info->pages[page].buffers[0];
    const uint64_t at = buffer.offset + random() % buffer.length;
    for (bool is_memory : {true, false}) {
      auto read = ReadAll(Flipped(bytes, at, static_cast<int>(random() % 8)), is_memory);
      ASSERT_EQ(CategoryOf(read.status()), ErrorCategory::kCorrupt) << read.status();
      const std::string expected = std::string("column \"") + (column == 0 ? "a" : "b") +
                                   "\", page " + std::to_string(page) + ", buffer 0";
      EXPECT_NE(read.status().message().find(expected), std::string::npos) << read.status();
    }
  }
}

TEST(BitFlips, VerifyChecksumsFindsThemWithoutReadingRows) {
  const std::string bytes = LargerFile().Bytes();
  auto open = [&](size_t at) {
    return DataFileReader::Open(std::make_shared<BytesReader>(Flipped(bytes, at, 3), true));
  };
  // The descriptor, which opening reads, lies in the last block of the data: the flip is in the first.
  ASSERT_GT(bytes.size(), 2 * kChecksumBlockBytes);
  auto damaged = open(100);
  ASSERT_TRUE(damaged.ok()) << damaged.status();
  EXPECT_EQ(CategoryOf((*damaged)->VerifyChecksums()), ErrorCategory::kCorrupt);
}

TEST(BitFlips, AreNotLookedForWhenAskedNotTo) {
  const std::string bytes = SmallFile().Bytes();
  auto read = ReadAll(Flipped(bytes, 100, 3), true, {.verify_checksums = false});
  EXPECT_TRUE(read.ok()) << read.status();
}

TEST(LocateBytes, NamesEveryPartOfAFile) {
  const std::string bytes = SmallFile().Bytes();
  auto object = std::make_shared<BytesReader>(bytes, true);
  auto file = DataFileReader::Open(object).ValueOrDie();
  const auto& global = file->global_buffers();
  EXPECT_EQ(LocateBytes(object, {0, 1}), "column \"a\", page 0, buffer 0");
  EXPECT_EQ(LocateBytes(object, {0, 900}),
            "column \"a\", page 0, buffer 0; column \"b\", page 0, buffer 0");
  EXPECT_EQ(LocateBytes(object, {global[0].offset, 1}), "the file descriptor");
  EXPECT_EQ(LocateBytes(object, {global[1].offset, 1}), "global buffer 1");
  EXPECT_EQ(LocateBytes(object, {file->footer().column_metadata_position, 1}),
            "metadata of column \"a\"");
  EXPECT_EQ(LocateBytes(object, {bytes.size() - 1, 1}), "tables and footer of the file");
}

}  // namespace
}  // namespace lancea
