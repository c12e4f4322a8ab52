#include "lancea/file/checked_reader.h"

#include "lancea/error.h"
#include "lancea/file/file_writing_for_test.h"
#include "lancea/io/fake_reader_for_test.h"

namespace lancea {
namespace {

constexpr uint64_t kBlock = kChecksumBlockBytes;
constexpr uint64_t kData = 4 * kBlock + 3648;  // 4 blocks and a short one; a multiple of 64
constexpr uint64_t kTail = 5'000;

// A file of FakeBytes with checksums in the middle, through FakeReader, which records requests.
class CheckedFake : public ObjectReader {
 public:
  explicit CheckedFake(bool is_memory) : fake(1 << 20, is_memory) {
    bytes = FakeBytes({0, kData});
    ChecksumBuilder builder;
    // In pieces that do not fit blocks.
    for (size_t at = 0; at < bytes.size(); at += 777) {
      builder.Append(View().subspan(at, std::min<size_t>(777, bytes.size() - at)));
    }
    std::string tail = FakeBytes({kData, kTail});
    layout = ChecksumLayout::Of(kData, kTail);
    // As the last entry of a global buffer table.
    const uint64_t entry[] = {kData, layout.tail_position - kData};
    std::memcpy(tail.data() + kTail - 56, entry, sizeof(entry));
    bytes += builder
                 .Finish({reinterpret_cast<const uint8_t*>(tail.data()), tail.size()},
                         arrow::default_memory_pool())
                 .ValueOrDie()
                 ->ToString();
    bytes += tail;
  }
  uint64_t size() const override { return bytes.size(); }
  const std::string& path() const override { return fake.path(); }
  bool is_memory() const override { return fake.is_memory(); }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(ByteRange range) override {
    requests.push_back(range);
    return arrow::Buffer::FromString(bytes.substr(range.offset, range.length));
  }
  Bytes View() const { return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}; }

  FakeReader fake;
  std::string bytes;
  ChecksumLayout layout;
  std::vector<ByteRange> requests;
};

std::shared_ptr<CheckedReader> Open(const std::shared_ptr<CheckedFake>& object) {
  auto found =
      FindChecksums(object->size(), [&](ByteRange range) { return object->ReadAt(range); });
  EXPECT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(found->checksums.has_value());
  EXPECT_EQ(found->checksums->layout, object->layout);
  object->requests.clear();
  return std::make_shared<CheckedReader>(object, *found->checksums,
                                         [](ByteRange) { return std::string("somewhere"); });
}

TEST(CheckedReader, GivesTheBytesAsked) {
  for (bool is_memory : {true, false}) {
    auto object = std::make_shared<CheckedFake>(is_memory);
    auto reader = Open(object);
    for (ByteRange range : {ByteRange{0, 0}, ByteRange{0, 1}, ByteRange{kBlock + 904, 2 * kBlock},
                            ByteRange{kData - 1, 100}, ByteRange{kData + 8, 4},
                            ByteRange{object->size() - 40, 40}, ByteRange{0, object->size()}}) {
      auto bytes = reader->ReadAt(range);
      ASSERT_TRUE(bytes.ok()) << bytes.status();
      EXPECT_EQ((*bytes)->ToString(), object->bytes.substr(range.offset, range.length));
      auto many = reader->ReadMany(std::vector<ByteRange>{range, range});
      ASSERT_TRUE(many.ok()) << many.status();
      EXPECT_EQ((*many)[1]->ToString(), (*bytes)->ToString());
    }
    EXPECT_TRUE(reader->VerifyAll().ok());
    EXPECT_FALSE(reader->ReadAt({object->size(), 1}).ok());
  }
}

TEST(CheckedReader, WidensReadsToBlocks) {
  auto object = std::make_shared<CheckedFake>(false);
  auto reader = Open(object);
  ASSERT_TRUE(reader->ReadAt({kBlock + 1904, kBlock + 2000}).ok());
  EXPECT_EQ(object->requests[0], (ByteRange{kBlock, 2 * kBlock}));
}

TEST(CheckedReader, VerifiesABlockInMemoryOnce) {
  auto object = std::make_shared<CheckedFake>(true);
  auto reader = Open(object);
  ASSERT_TRUE(reader->ReadAt({0, kData}).ok());
  object->requests.clear();
  ASSERT_TRUE(reader->ReadAt({100, 2 * kBlock}).ok());
  EXPECT_EQ(object->requests, (std::vector<ByteRange>{{100, 2 * kBlock}}));
}

TEST(CheckedReader, FindsEveryFlippedBitInWhatIsRead) {
  const std::string bytes = CheckedFake(true).bytes;
  for (bool is_memory : {true, false}) {
    for (size_t at = 0; at < bytes.size(); at += kBlock / 320 + 1) {
      auto object = std::make_shared<CheckedFake>(is_memory);
      object->bytes[at] = static_cast<char>(object->bytes[at] ^ (1 << (at % 8)));
      auto found =
          FindChecksums(object->size(), [&](ByteRange range) { return object->ReadAt(range); });
      if (!found.ok() || !found->checksums.has_value()) {
        // Damage that hides the checksums: only in the table entry or the magic word.
        EXPECT_GE(at, kData);
        continue;
      }
      CheckedReader reader(object, *found->checksums,
                           [](ByteRange range) { return "block " + std::to_string(range.offset); });
      const arrow::Status status = reader.VerifyAll();
      EXPECT_EQ(CategoryOf(status), ErrorCategory::kCorrupt) << at << ": " << status;
      EXPECT_TRUE(status.message().starts_with(object->path() + ": ")) << status;
      if (at < kData) {
        EXPECT_NE(status.message().find("block " + std::to_string(at / kBlock * kBlock)),
                  std::string::npos)
            << status;
        // Reads of other blocks are not refused.
        EXPECT_TRUE(reader.ReadAt({at < 2 * kBlock ? 2 * kBlock : uint64_t{0}, kBlock}).ok());
        EXPECT_FALSE(reader.ReadAt({at, 1}).ok());
      }
    }
  }
}

TEST(CheckedReader, VerifiesTheEndWithoutReadingMore) {
  auto object = std::make_shared<CheckedFake>(false);
  for (uint64_t offset : {uint64_t{0}, uint64_t{1}, 2 * kBlock + 808, kData + 1,
                          object->layout.tail_position, object->layout.tail_position + 1}) {
    auto reader = Open(object);
    auto start = reader->VerifyEnd(offset, arrow::Buffer::FromString(object->bytes.substr(offset)));
    ASSERT_TRUE(start.ok()) << start.status();
    EXPECT_GE(*start, offset);
    EXPECT_LE(*start, offset + kChecksumBlockBytes);
    EXPECT_TRUE(object->requests.empty());
    // What it says is verified: a flip behind the start is seen.
    std::string damaged = object->bytes.substr(offset);
    if (*start >= object->size()) continue;
    damaged.back() = static_cast<char>(damaged.back() ^ 1);
    EXPECT_FALSE(Open(object)->VerifyEnd(offset, arrow::Buffer::FromString(damaged)).ok());
  }
}

}  // namespace
}  // namespace lancea
