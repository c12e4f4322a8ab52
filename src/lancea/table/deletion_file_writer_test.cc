// Deletion files as they are written, read back.
#include "lancea/table/deletion_file_writer.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "lancea/table/file_store_for_test.h"

namespace lancea {
namespace {

class PutStore : public MapStoreForTest {
 public:
  arrow::Status Put(const std::string& path, std::span<const uint8_t> bytes) override {
    objects[path] = std::string(bytes.begin(), bytes.end());
    return arrow::Status::OK();
  }
};

std::vector<RowRange> Single(const std::set<uint64_t>& rows) {
  std::vector<RowRange> out;
  for (uint64_t row : rows) out.push_back({row, row + 1});
  return out;
}

TEST(DeletionFileWriter, ReadsBackWhatItWrote) {
  std::mt19937_64 random(1);
  for (size_t num_rows : {1u, 7u, 4999u, 5000u, 40000u}) {
    std::set<uint64_t> rows;
    while (rows.size() < num_rows) rows.insert(random() % 200000);
    const DeletionVector deleted = Union({}, Single(rows)).ValueOrDie();
    PutStore store;
    FragmentMetadata fragment;
    fragment.id = 3;
    fragment.physical_rows = 200000;
    fragment.deletion_file = WriteDeletionFile(store, "t", 3, 12, deleted).ValueOrDie();
    EXPECT_EQ(fragment.deletion_file->type == DeletionFile::Type::kBitmap, num_rows >= 5000);
    EXPECT_EQ(fragment.deletion_file->read_version, 12u);
    EXPECT_EQ(fragment.deletion_file->num_deleted_rows, num_rows);
    auto reader = store.Open("t/" + fragment.deletion_file->Path(3), 0).ValueOrDie();
    EXPECT_EQ(*ReadDeletionFile(*reader, fragment).ValueOrDie(), deleted) << num_rows;
  }
}

TEST(DeletionFileWriter, EveryFileHasANameOfItsOwn) {
  PutStore store;
  const std::vector<RowRange> rows = {{4, 6}};
  const DeletionVector deleted = Union({}, rows).ValueOrDie();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(WriteDeletionFile(store, "t", 0, 1, deleted).ok());
  EXPECT_EQ(store.objects.size(), 10u);
}

TEST(DeletionFileWriter, RefusesNoRows) {
  PutStore store;
  EXPECT_TRUE(WriteDeletionFile(store, "t", 0, 1, {}).status().IsInvalid());
  EXPECT_TRUE(store.objects.empty());
}

TEST(DeletionUnion, IsTheUnionOfTheSets) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 200; ++round) {
    std::set<uint64_t> expected;
    DeletionVector deleted;
    for (int step = 0; step < 3; ++step) {
      std::vector<RowRange> more;
      for (uint64_t i = random() % 6; i > 0; --i) {
        const uint64_t start = random() % 100;
        more.push_back({start, start + random() % 5});
        for (uint64_t row = more.back().start; row < more.back().end; ++row) expected.insert(row);
      }
      deleted = Union(deleted, more).ValueOrDie();
    }
    EXPECT_EQ(deleted.num_deleted(), expected.size());
    for (uint64_t row = 0; row < 110; ++row) {
      ASSERT_EQ(deleted.Contains(row), expected.contains(row)) << row;
    }
    const auto ranges = deleted.DeletedRanges();
    for (size_t i = 1; i < ranges.size(); ++i) ASSERT_GT(ranges[i].start, ranges[i - 1].end);
  }
}

TEST(DeletionUnion, KeepsToThirtyTwoBits) {
  const std::vector<RowRange> last = {{UINT32_MAX, uint64_t{1} << 32}};
  EXPECT_EQ(Union({}, last).ValueOrDie().DeletedRanges(), last);
  const std::vector<RowRange> beyond = {{0, (uint64_t{1} << 32) + 1}}, backwards = {{5, 4}};
  EXPECT_TRUE(Union({}, beyond).status().IsInvalid());
  EXPECT_TRUE(Union({}, backwards).status().IsInvalid());
}

}  // namespace
}  // namespace lancea
