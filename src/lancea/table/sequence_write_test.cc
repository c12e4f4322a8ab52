// Writing of bitmaps, segments and sequences: what is written reads back, in the smallest form.
#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <set>

#include "lancea/table/roaring_bitmap.h"
#include "lancea/table/row_id_sequence.h"
#include "lancea/table/row_version_sequence.h"
#include "lancea/table/u64_segment.h"

namespace lancea {
namespace {

Bytes AsBytes(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

std::vector<uint64_t> Count(uint64_t start, uint64_t end) {
  std::vector<uint64_t> values(end - start);
  std::iota(values.begin(), values.end(), start);
  return values;
}

template <typename Sequence>
std::vector<uint64_t> Values(const Sequence& sequence) {
  std::vector<uint64_t> values(sequence.num_rows());
  if (!values.empty()) sequence.Read(0, values.size(), values.data());
  return values;
}

/// Ascending values of which about one in `gap` below `end` is there.
std::vector<uint64_t> Sparse(std::mt19937_64& random, uint64_t end, uint64_t gap) {
  std::vector<uint64_t> values;
  for (uint64_t value = 0; value < end; ++value) {
    if (random() % gap == 0) values.push_back(value);
  }
  return values;
}

TEST(RoaringBitmap, WrittenReadsBack) {
  std::mt19937_64 random(7);
  std::vector<std::vector<ValueRange>> cases = {
      {},
      {{0, 0}},
      {{0, 0xFFFFFFFF}},
      {{0xFFFF, 0x10000}},
      {{3, 3}, {5, 5}, {70000, 70010}},
      {{10, 5000}, {0x20000, 0x5FFFF}, {0x70000, 0x70000}, {0x80000, 0x80003}, {0x90000, 0x90001}},
  };
  for (uint64_t gap : {2, 3, 17, 1000}) {
    auto values = Sparse(random, 300'000, gap);
    cases.push_back(RangesOfValues(std::vector<uint32_t>(values.begin(), values.end())));
  }
  for (const auto& ranges : cases) {
    std::string bytes = SerializeRoaringBitmap(ranges);
    EXPECT_EQ(ParseRoaringBitmap(AsBytes(bytes)).ValueOrDie(), ranges);
  }
}

TEST(RoaringBitmap, HasTheBytesOfTheSpecification) {
  // Cookie 12346, one container of key 0, two values, at offset 16.
  EXPECT_EQ(SerializeRoaringBitmap({{0, 1}}),
            std::string("\x3A\x30\0\0\1\0\0\0\0\0\1\0\x10\0\0\0\0\0\1\0", 20));
  EXPECT_EQ(SerializeRoaringBitmap({}), std::string("\x3A\x30\0\0\0\0\0\0", 8));
  // Cookie 12347, one container of runs: 1 run from 0 of 1000 values.
  EXPECT_EQ(SerializeRoaringBitmap({{0, 999}}),
            std::string("\x3B\x30\0\0\1\0\0\xE7\3\1\0\0\0\xE7\3", 15));
}

struct SegmentCase {
  const char* name;
  std::vector<uint64_t> values;
  U64Segment::Kind kind;
};

std::vector<uint64_t> Without(std::vector<uint64_t> values, uint64_t every) {
  std::erase_if(values, [&](uint64_t value) { return value % every == 1; });
  return values;
}

TEST(U64Segment, TakesTheSmallestForm) {
  using Kind = U64Segment::Kind;
  const uint64_t max = ~uint64_t{0};
  const SegmentCase cases[] = {
      {"Empty", {}, Kind::kRange},
      {"Range", Count(5, 105), Kind::kRange},
      {"OneHole", Without(Count(0, 900), 901), Kind::kRangeWithHoles},
      {"FewHoles", Without(Count(0, 10'000), 1000), Kind::kRangeWithHoles},
      {"ManyHoles", Without(Count(0, 10'000), 3), Kind::kRangeWithBitmap},
      {"Sparse", {1, 40'000, 1'000'000, 5'000'000'000}, Kind::kSortedArray},
      {"Unsorted", {3, 1, 2}, Kind::kArray},
      {"Repeated", {1, 1, 2}, Kind::kArray},
      {"LargestValue", {max - 1, max}, Kind::kSortedArray},
  };
  for (const SegmentCase& test : cases) {
    SCOPED_TRACE(test.name);
    U64Segment segment = U64Segment::FromValues(test.values);
    EXPECT_EQ(segment.kind(), test.kind);
    U64Segment read = U64Segment::FromProto(segment.ToProto()).ValueOrDie();
    EXPECT_EQ(read.kind(), test.kind);
    ASSERT_EQ(read.num_values(), test.values.size());
    for (size_t i = 0; i < test.values.size(); ++i) {
      EXPECT_EQ(segment.Get(i), test.values[i]);
      EXPECT_EQ(read.Get(i), test.values[i]);
    }
  }
}

TEST(U64Segment, BitmapBitsAreWhatPylanceWrites) {
  // 0..9 without 3: pylance 14.0.2 writes F7 01 when it takes a bitmap.
  std::vector<uint64_t> values = Without(Count(0, 64), 2);  // 0, 2, 4 ..
  auto proto = U64Segment::FromValues(values).ToProto();
  ASSERT_TRUE(proto.has_range_with_bitmap());
  EXPECT_EQ(proto.range_with_bitmap().bitmap(), std::string(8, '\x55'));
}

/// A sequence with segments of every form.
std::vector<uint64_t> MixedIds() {
  std::vector<uint64_t> ids = Count(1000, 1200);
  auto add = [&](std::vector<uint64_t> more) { ids.insert(ids.end(), more.begin(), more.end()); };
  add(Without(Count(2000, 3000), 100));
  add(Without(Count(4000, 4300), 3));
  add({9, 7, 8, 5'000'000'000});
  add(Count(0, 5));
  return ids;
}

RowIdSequence InPieces(const std::vector<uint64_t>& ids) {
  std::vector<RowIdSequence> parts;
  const size_t cuts[] = {0, 200, 1190, ids.size() - 9, ids.size() - 5, ids.size()};
  for (size_t i = 0; i + 1 < std::size(cuts); ++i) {
    parts.push_back(RowIdSequence::FromValues({ids.begin() + cuts[i], ids.begin() + cuts[i + 1]}));
  }
  return RowIdSequence::Concatenate(parts);
}

TEST(RowIdSequence, WrittenReadsBack) {
  const auto ids = MixedIds();
  for (const auto& sequence : {RowIdSequence::FromValues(ids), InPieces(ids)}) {
    EXPECT_EQ(Values(sequence), ids);
    std::string bytes = sequence.Serialize();
    EXPECT_EQ(Values(RowIdSequence::Parse(AsBytes(bytes)).ValueOrDie()), ids);
  }
}

TEST(RowIdSequence, LongAscendingStretchesStaySmall) {
  auto ids = Count(500'000, 600'000);
  auto front = Count(0, 100'000);
  ids.insert(ids.end(), front.begin(), front.end());
  EXPECT_LT(RowIdSequence::FromValues(ids).Serialize().size(), 64u);
}

TEST(RowIdSequence, SlicesAndDeletionsAgreeWithLists) {
  const auto ids = MixedIds();
  const auto sequence = InPieces(ids);
  std::mt19937_64 random(11);
  for (int round = 0; round < 200; ++round) {
    uint64_t start = random() % ids.size(), count = random() % (ids.size() - start + 1);
    EXPECT_EQ(Values(sequence.Slice(start, count)),
              std::vector<uint64_t>(ids.begin() + start, ids.begin() + start + count));
    std::vector<RowRange> deleted;
    std::vector<uint64_t> live;
    for (uint64_t row = 0; row < ids.size();) {
      uint64_t gap = random() % (round + 2), length = 1 + random() % (round + 2);
      for (uint64_t stop = std::min<uint64_t>(row + gap, ids.size()); row < stop; ++row) {
        live.push_back(ids[row]);
      }
      if (row == ids.size()) break;
      uint64_t stop = std::min<uint64_t>(row + length, ids.size());
      deleted.push_back({row, stop});
      row = stop;
    }
    EXPECT_EQ(Values(sequence.WithoutRows(deleted)), live);
  }
}

TEST(RowVersionSequence, WrittenReadsBack) {
  const std::vector<uint64_t> versions = {1, 1, 1, 7, 7, 2, 9, 9, 9, 9};
  auto sequence = RowVersionSequence::FromValues(versions);
  std::string bytes = sequence.Serialize();
  EXPECT_EQ(Values(RowVersionSequence::Parse(AsBytes(bytes)).ValueOrDie()), versions);
  EXPECT_EQ(Values(sequence.Slice(2, 4)), (std::vector<uint64_t>{1, 7, 7, 2}));
  EXPECT_EQ(Values(sequence.WithoutRows({{0, 2}, {4, 5}, {9, 10}})),
            (std::vector<uint64_t>{1, 7, 2, 9, 9, 9}));
  EXPECT_EQ(Values(sequence.WithVersionAt({{1, 1}, {8, 30}}, 4)),
            (std::vector<uint64_t>{1, 4, 1, 7, 7, 2, 9, 9, 4, 4}));
  EXPECT_EQ(Values(RowVersionSequence::Concatenate({sequence, sequence})).size(), 20u);
}

}  // namespace
}  // namespace lancea
