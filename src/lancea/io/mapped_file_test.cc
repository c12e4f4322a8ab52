#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>

#include "arrow/buffer.h"
#include "lancea/io/local_store.h"
#include "lancea/io/read_ranges.h"

namespace lancea {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kFileBytes = 64 * kMiB;

// Pages of files in the process's memory.
uint64_t FilePages() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0, resident = 0, of_files = 0;
  statm >> size >> resident >> of_files;
  return of_files * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

class MappedFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "lancea_mapped_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    std::string piece(kMiB, 0);
    std::ofstream file(path(), std::ios::binary);
    for (uint64_t at = 0; at < kFileBytes; at += kMiB) {
      std::fill(piece.begin(), piece.end(), static_cast<char>(at / kMiB));
      file << piece;
    }
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string path() const { return directory_ + "/file"; }

  // Looks at every byte; the most that all of it took on the way.
  uint64_t PeakOfReading(ObjectReader* object) {
    const uint64_t before = FilePages();
    uint64_t peak = 0;
    for (uint64_t at = 0; at < kFileBytes; at += kMiB) {
      const auto bytes = object->ReadAt({at, kMiB}).ValueOrDie();
      const uint64_t sum =
          std::accumulate(bytes->data(), bytes->data() + bytes->size(), uint64_t{0});
      EXPECT_EQ(sum, at / kMiB * kMiB);
      peak = std::max(peak, FilePages() - before);
    }
    return peak;
  }

  std::string directory_;
};

TEST_F(MappedFileTest, StaysWholeInMemoryWhenItIsReadThrough) {
  const auto object = LocalStore()->Open(path()).ValueOrDie();
  EXPECT_GT(PeakOfReading(object.get()), kFileBytes / 2);
}

TEST_F(MappedFileTest, GivesBackWhatWasReadInOnePass) {
  const auto object = LocalStoreForOnePass(4 * kMiB)->Open(path()).ValueOrDie();
  EXPECT_LT(PeakOfReading(object.get()), 8 * kMiB);
}

TEST_F(MappedFileTest, GivesBackWhatWasReadOfOtherFilesOfTheStore) {
  const auto store = LocalStoreForOnePass(4 * kMiB);
  std::vector<std::shared_ptr<ObjectReader>> objects;
  const uint64_t before = FilePages();
  for (uint64_t i = 0; i < kFileBytes / kMiB; ++i) {
    objects.push_back(store->Open(path()).ValueOrDie());
    const auto bytes = objects.back()->ReadAt({i * kMiB, kMiB}).ValueOrDie();
    const uint64_t sum = std::accumulate(bytes->data(), bytes->data() + bytes->size(), uint64_t{0});
    EXPECT_EQ(sum, i * kMiB);
    EXPECT_LT(FilePages(), before + 8 * kMiB);
  }
}

TEST_F(MappedFileTest, ShowsTheSameBytesAfterItGaveThemBack) {
  auto object = LocalStoreForOnePass(kMiB)->Open(path()).ValueOrDie();
  const auto early = object->ReadAt({5 * kMiB, kMiB}).ValueOrDie();
  PeakOfReading(object.get());
  object.reset();
  EXPECT_EQ(early->ToString(), std::string(kMiB, 5));
}

TEST_F(MappedFileTest, GivesBackWhatAReadOfAnOrdinaryStoreAsksFor) {
  const auto object = LocalStore()->Open(path()).ValueOrDie();
  ResidentPages resident(4 * kMiB);
  ReadOptions options;
  options.resident = &resident;
  const uint64_t before = FilePages();
  for (uint64_t at = 0; at < kFileBytes; at += kMiB) {
    const ByteRange range{at, kMiB};
    const auto bytes = ReadRanges(*object, {&range, 1}, options).ValueOrDie()[0];
    EXPECT_EQ(bytes->ToString(), std::string(kMiB, static_cast<char>(at / kMiB)));
    EXPECT_LT(FilePages(), before + 8 * kMiB);
  }
}

TEST(ResidentPages, LeavesOtherMemoryAlone) {
  const auto bytes = arrow::Buffer::FromString(std::string(kMiB, 'x'));
  const auto view = arrow::SliceBuffer(bytes, 0);
  ResidentPages resident(1);
  resident.Count(*bytes);
  resident.Count(*view);
  EXPECT_EQ(view->ToString(), std::string(kMiB, 'x'));
}

}  // namespace
}  // namespace lancea
