// Which rows of a fragment live, and which ids and versions they have.
#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <set>

#include "lancea/error.h"
#include "lancea/table/base_paths.h"
#include "lancea/table/deletion_vector.h"
#include "lancea/table/file_store_for_test.h"
#include "lancea/table/fragment.h"
#include "lancea/table/manifest.h"
#include "lancea/table/manifest_path.h"
#include "lancea/table/roaring_bitmap.h"
#include "lancea/table/row_id_sequence.h"
#include "lancea/table/row_version_sequence.h"

namespace lancea {
namespace {

using Json = nlohmann::json;

Bytes AsBytes(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

std::shared_ptr<const DeletionVector> Deletions(const std::string& root,
                                                const FragmentMetadata& fragment) {
  if (!fragment.deletion_file) return std::make_shared<const DeletionVector>();
  FileStoreForTest store;
  auto location = LocateDeletionFile({}, fragment.id, *fragment.deletion_file).ValueOrDie();
  auto reader = store.Open(location.FullPath(root), 0).ValueOrDie();
  return ReadDeletionFile(*reader, fragment).ValueOrDie();
}

/// Live row addresses, ids and versions of one version of a table, in reading order.
struct Rows {
  std::vector<uint64_t> addresses, ids, created, updated;
};

Rows ReadRows(const std::string& table, uint64_t version) {
  FileStoreForTest store;
  std::string root = TestDataPath(table);
  auto location = FindManifest(store, root, version).ValueOrDie();
  auto reader = store.Open(location.path, 0).ValueOrDie();
  auto manifest = ReadManifest(*reader).ValueOrDie();
  Rows rows;
  for (const FragmentMetadata& fragment : manifest->fragments) {
    uint64_t n = fragment.physical_rows;
    auto ids = fragment.row_ids.inline_bytes
                   ? RowIdSequence::Parse(AsBytes(*fragment.row_ids.inline_bytes)).ValueOrDie()
                   : RowIdSequence::FromRange(fragment.id << 32, (fragment.id << 32) + n);
    auto versions = [&](const SequenceRef& sequence) {
      return sequence.inline_bytes
                 ? RowVersionSequence::Parse(AsBytes(*sequence.inline_bytes)).ValueOrDie()
                 : RowVersionSequence::Uniform(n, 1);
    };
    auto created = versions(fragment.created_at_versions);
    auto updated = versions(fragment.last_updated_at_versions);
    EXPECT_EQ(ids.num_rows(), n);
    EXPECT_EQ(created.num_rows(), n);
    EXPECT_EQ(updated.num_rows(), n);
    std::vector<RowRange> live;
    Deletions(root, fragment)->AppendLiveRanges({0, n}, &live);
    for (RowRange range : live) {
      for (uint64_t row = range.start; row < range.end; ++row) {
        rows.addresses.push_back(fragment.id << 32 | row);
        rows.ids.push_back(ids.Get(row));
        rows.created.push_back(created.Get(row));
        rows.updated.push_back(updated.Get(row));
        EXPECT_EQ(ids.Find(ids.Get(row)), row);
      }
    }
  }
  return rows;
}

TEST(RowState, IsWhatPylanceScans) {
  auto expect = [](const std::string& table, const Json& expected) {
    Rows rows = ReadRows(table, expected["version"]);
    EXPECT_EQ(Json(rows.addresses), expected["rows"]["_rowaddr"]);
    EXPECT_EQ(Json(rows.ids), expected["rows"]["_rowid"]);
    EXPECT_EQ(Json(rows.created), expected["rows"]["_row_created_at_version"]);
    EXPECT_EQ(Json(rows.updated), expected["rows"]["_row_last_updated_at_version"]);
  };
  const Json& answers = PylanceAnswers();
  expect("history", answers["history"]);
  expect("v1_names", answers["v1_names"]);
  expect("stable_row_ids", answers["stable_row_ids"]["before"]);
  expect("stable_row_ids", answers["stable_row_ids"]["after"]);
}

FragmentMetadata BitmapFragment() {
  return FragmentFromJson(PylanceAnswers()["bitmap"]["fragments"][0].dump()).ValueOrDie();
}

TEST(DeletionVector, MapsLiveRowsAsPylanceDoes) {
  const Json& expected = PylanceAnswers()["bitmap"];
  FragmentMetadata fragment = BitmapFragment();
  ASSERT_EQ(fragment.deletion_file->type, DeletionFile::Type::kBitmap);
  auto deletions = Deletions(TestDataPath("bitmap"), fragment);
  EXPECT_EQ(fragment.physical_rows - deletions->num_deleted(), expected["num_live"]);
  for (const auto& [live, physical] :
       expected["live_samples"].get<std::vector<std::pair<uint64_t, uint64_t>>>()) {
    EXPECT_EQ(deletions->LiveRowToPhysical(live), physical);
    EXPECT_EQ(deletions->LiveRowsBefore(physical), live);
    EXPECT_FALSE(deletions->Contains(physical));
  }
}

TEST(DeletionVector, IsReadHoweverMuchOthersHaveAllocated) {
  auto much = arrow::AllocateBuffer(64 << 20).ValueOrDie();
  FileStoreForTest store;
  const std::string folder =
      LANCEA_SOURCE_DIR "/tests/data/pylance-14.0.2/corruption/types-v0.1/_deletions/";
  for (const auto& [name, id] : {std::pair("0-2-14377758362336790345.arrow", 0),
                                 std::pair("1-2-15080080930578467930.arrow", 1)}) {
    FragmentMetadata fragment;
    fragment.id = static_cast<uint64_t>(id);
    fragment.physical_rows = 1000;
    fragment.deletion_file.emplace();
    fragment.deletion_file->type = DeletionFile::Type::kArrowArray;
    auto reader = store.Open(folder + name, 0).ValueOrDie();
    auto deletions = ReadDeletionFile(*reader, fragment);
    ASSERT_TRUE(deletions.ok()) << deletions.status();
    EXPECT_GT((*deletions)->num_deleted(), 0u);
  }
}

TEST(DeletionVector, AgreesWithCountingOneByOne) {
  std::mt19937 random(3);
  for (uint64_t share : {1, 2, 10, 100}) {
    std::vector<uint64_t> live;
    std::vector<ValueRange> ranges;
    constexpr uint32_t kRows = 3000;
    for (uint32_t row = 0; row < kRows; ++row) {
      if (random() % share != 0 || row == 1234) {
        live.push_back(row);
      } else if (!ranges.empty() && ranges.back().last + 1 == row) {
        ranges.back().last = row;
      } else {
        ranges.push_back({row, row});
      }
    }
    DeletionVector deletions(ranges);
    EXPECT_EQ(deletions.num_deleted(), kRows - live.size());
    std::set<uint64_t> live_set(live.begin(), live.end());
    uint64_t before = 0;
    for (uint64_t row = 0; row < kRows; ++row) {
      EXPECT_EQ(deletions.LiveRowsBefore(row), before);
      EXPECT_EQ(deletions.Contains(row), !live_set.contains(row));
      before += live_set.contains(row);
    }
    std::vector<uint64_t> offsets(live.size());
    std::iota(offsets.begin(), offsets.end(), 0);
    std::vector<uint64_t> physical = offsets;
    deletions.LiveRowsToPhysical(physical);
    EXPECT_EQ(physical, live);
    std::shuffle(offsets.begin(), offsets.end(), random);
    physical = offsets;
    deletions.LiveRowsToPhysical(physical);
    for (size_t i = 0; i < offsets.size(); ++i) {
      EXPECT_EQ(physical[i], live[offsets[i]]);
      EXPECT_EQ(deletions.LiveRowToPhysical(offsets[i]), live[offsets[i]]);
    }
    for (int i = 0; i < 50; ++i) {
      uint64_t start = random() % live.size(), end = start + random() % (live.size() - start + 1);
      std::vector<RowRange> physical_ranges;
      deletions.AppendPhysicalRanges({start, end}, &physical_ranges);
      std::vector<uint64_t> rows;
      for (RowRange range : physical_ranges) {
        for (uint64_t row = range.start; row < range.end; ++row) rows.push_back(row);
      }
      EXPECT_EQ(rows, std::vector<uint64_t>(live.begin() + start, live.begin() + end));
    }
  }
}

TEST(DeletionVector, TheLastPossibleRowCanBeDeleted) {
  DeletionVector deletions({{5, 5}, {UINT32_MAX - 1, UINT32_MAX}});
  EXPECT_TRUE(deletions.Contains(UINT32_MAX));
  EXPECT_EQ(deletions.num_deleted(), 3u);
  EXPECT_EQ(deletions.LiveRowsBefore(uint64_t{1} << 32), (uint64_t{1} << 32) - 3);
}

TEST(DeletionVector, RefusesFilesTheManifestContradicts) {
  FragmentMetadata fragment = BitmapFragment();
  std::string path = TestDataPath("bitmap/" + fragment.deletion_file->Path(0));
  auto read = [&] {
    StoredBytesReader reader(path, ReadWholeFile(path));
    return CategoryOf(ReadDeletionFile(reader, fragment).status());
  };
  EXPECT_EQ(read(), std::nullopt);
  uint64_t rows = fragment.deletion_file->num_deleted_rows;
  fragment.deletion_file->num_deleted_rows = rows - 1;
  EXPECT_EQ(read(), ErrorCategory::kCorrupt);
  fragment.deletion_file->num_deleted_rows = 0;  // not recorded
  EXPECT_EQ(read(), std::nullopt);
  fragment.physical_rows = 199'999;
  EXPECT_EQ(read(), ErrorCategory::kCorrupt);
}

TEST(DeletionVector, SurvivesTruncationAndFlippedBits) {
  std::mt19937 random(5);
  for (const char* table : {"bitmap", "v1_names"}) {
    FragmentMetadata fragment =
        FragmentFromJson(PylanceAnswers()[table]["fragments"][0].dump()).ValueOrDie();
    DeletionFile::Type type = fragment.deletion_file->type;
    std::string whole =
        ReadWholeFile(TestDataPath(std::string(table) + "/" + fragment.deletion_file->Path(0)));
    auto parse = [&](std::string bytes) {
      return ParseDeletionFile(type, arrow::Buffer::FromString(std::move(bytes)));
    };
    ASSERT_TRUE(parse(whole).ok());
    size_t step = std::max<size_t>(1, whole.size() / 500);
    for (size_t length = 0; length < whole.size(); length += step) {
      EXPECT_EQ(CategoryOf(parse(whole.substr(0, length)).status()), ErrorCategory::kCorrupt);
    }
    for (int i = 0; i < 2000; ++i) {
      std::string bytes = whole;
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << (random() % 8));
      auto deletions = parse(bytes);
      if (!deletions.ok()) {
        EXPECT_EQ(CategoryOf(deletions.status()), ErrorCategory::kCorrupt);
      }
    }
  }
}

std::string Roaring(std::initializer_list<uint32_t> u16s_after_cookie, uint32_t cookie) {
  std::string bytes(reinterpret_cast<char*>(&cookie), 4);
  for (uint32_t value : u16s_after_cookie) {
    auto half = static_cast<uint16_t>(value);
    bytes.append(reinterpret_cast<char*>(&half), 2);
  }
  return bytes;
}

TEST(RoaringBitmap, ReadsRunContainers) {
  // One container (key 1) with runs 10..14 and 100..100: the flag byte makes u16 pairs uneven.
  std::string bytes = Roaring({}, 12347);
  bytes += '\1';
  for (uint16_t value : {1, 5, 2, 10, 4, 100, 0}) {
    bytes.append(reinterpret_cast<char*>(&value), 2);
  }
  EXPECT_EQ(*ParseRoaringBitmap(AsBytes(bytes)),
            (std::vector<ValueRange>{{65546, 65550}, {65636, 65636}}));
}

TEST(RoaringBitmap, RefusesUnsortedAndMiscountedContainers) {
  auto category = [](const std::string& bytes) {
    return CategoryOf(ParseRoaringBitmap(AsBytes(bytes)).status());
  };
  EXPECT_EQ(category(Roaring({1, 0, 0, 1, 16, 0, 7, 9}, 12346)), std::nullopt);
  EXPECT_EQ(category(Roaring({1, 0, 0, 1, 16, 0, 9, 7}, 12346)), ErrorCategory::kCorrupt);
  EXPECT_EQ(category(Roaring({1, 0, 0, 1, 16, 0, 7, 7}, 12346)), ErrorCategory::kCorrupt);
  EXPECT_EQ(category(Roaring({1, 0, 0, 1, 16, 0, 7, 9, 11}, 12346)), ErrorCategory::kCorrupt);
  EXPECT_EQ(category(Roaring({0xFFFF, 0xFFFF}, 12346)), ErrorCategory::kCorrupt);
  EXPECT_EQ(category(Roaring({}, 99)), ErrorCategory::kCorrupt);
}

/// Segments of every form holding these ascending values.
std::vector<U64Segment> SegmentsOf(const std::vector<uint64_t>& values) {
  std::vector<lance::table::U64Segment> protos(5);
  uint64_t start = values.front(), end = values.back() + 1;
  auto fill = [&](auto* array, auto offset, const std::vector<uint64_t>& from) {
    for (uint64_t value : from) {
      offset = static_cast<decltype(offset)>(value - start);
      array->append(reinterpret_cast<char*>(&offset), sizeof(offset));
    }
  };
  std::set<uint64_t> present(values.begin(), values.end());
  std::vector<uint64_t> holes;
  std::string bitmap((end - start + 7) / 8, '\0');
  for (uint64_t value = start; value < end; ++value) {
    if (!present.contains(value)) {
      holes.push_back(value);
    } else {
      bitmap[(value - start) / 8] |= static_cast<char>(1 << ((value - start) % 8));
    }
  }
  auto* with_holes = protos[0].mutable_range_with_holes();
  with_holes->set_start(start);
  with_holes->set_end(end);
  with_holes->mutable_holes()->mutable_u32_array()->set_base(start);
  fill(with_holes->mutable_holes()->mutable_u32_array()->mutable_offsets(), uint32_t{}, holes);
  auto* with_bitmap = protos[1].mutable_range_with_bitmap();
  with_bitmap->set_start(start);
  with_bitmap->set_end(end);
  with_bitmap->set_bitmap(bitmap);
  auto* sorted = protos[2].mutable_sorted_array()->mutable_u16_array();
  sorted->set_base(start);
  fill(sorted->mutable_offsets(), uint16_t{}, values);
  auto* array = protos[3].mutable_array()->mutable_u32_array();
  array->set_base(start);
  fill(array->mutable_offsets(), uint32_t{}, values);
  std::string wide;
  for (uint64_t value : values) wide.append(reinterpret_cast<const char*>(&value), 8);
  protos[4].mutable_sorted_array()->mutable_u64_array()->set_values(wide);
  std::vector<U64Segment> segments;
  for (const auto& proto : protos) segments.push_back(U64Segment::FromProto(proto).ValueOrDie());
  return segments;
}

TEST(U64Segment, EveryFormHoldsTheSameValues) {
  std::mt19937 random(9);
  for (int share : {2, 10, 90, 99}) {
    std::vector<uint64_t> values;
    for (uint64_t value = 1000; value < 5000; ++value) {
      if (value == 1000 || static_cast<int>(random() % 100) < share) values.push_back(value);
    }
    for (const U64Segment& segment : SegmentsOf(values)) {
      ASSERT_EQ(segment.num_values(), values.size());
      EXPECT_EQ(segment.min(), values.front());
      EXPECT_EQ(segment.max(), values.back());
      std::vector<uint64_t> read(values.size());
      segment.Read(0, read.size(), read.data());
      EXPECT_EQ(read, values);
      for (int i = 0; i < 20; ++i) {
        size_t start = random() % values.size(), count = random() % (values.size() - start);
        segment.Read(start, count, read.data());
        EXPECT_TRUE(std::equal(read.begin(), read.begin() + count, values.begin() + start));
      }
      for (size_t i = 0; i < values.size(); ++i) {
        EXPECT_EQ(segment.Get(i), values[i]);
        EXPECT_EQ(segment.Find(values[i]), i);
      }
      std::set<uint64_t> present(values.begin(), values.end());
      for (uint64_t value = 990; value < 5010; ++value) {
        EXPECT_EQ(segment.Find(value).has_value(), present.contains(value));
      }
    }
  }
}

TEST(U64Segment, FindsInUnsortedArrays) {
  std::vector<uint64_t> values = {5, 1, 9, uint64_t{1} << 60, 0};
  U64Segment segment = U64Segment::Array(values);
  EXPECT_EQ(segment.kind(), U64Segment::Kind::kArray);
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(segment.Find(values[i]), i);
  EXPECT_EQ(segment.Find(2), std::nullopt);
}

TEST(U64Segment, RefusesBrokenInvariants) {
  std::vector<lance::table::U64Segment> broken(8);
  broken[0].mutable_range()->set_start(5);
  broken[1].mutable_range_with_bitmap()->set_end(9);
  broken[1].mutable_range_with_bitmap()->set_bitmap("\1");
  broken[2].mutable_range_with_bitmap()->set_end(2);
  broken[2].mutable_range_with_bitmap()->set_bitmap("\4");
  broken[3].mutable_range_with_holes()->set_end(4);
  broken[3].mutable_range_with_holes()->mutable_holes()->mutable_u16_array()->set_offsets(
      std::string("\5\0", 2));
  broken[4].mutable_sorted_array()->mutable_u16_array()->set_offsets("\2\1\1\1");
  broken[5].mutable_array()->mutable_u32_array()->set_offsets("123");
  broken[6].mutable_array()->mutable_u16_array()->set_base(UINT64_MAX);
  broken[6].mutable_array()->mutable_u16_array()->set_offsets(std::string("\1\0", 2));
  for (const auto& proto : broken) {
    EXPECT_EQ(CategoryOf(U64Segment::FromProto(proto).status()), ErrorCategory::kCorrupt);
  }
}

TEST(RowIdSequence, JoinsSegmentsAndRefusesTooManyRows) {
  lance::table::RowIdSequence proto;
  auto add = [&](uint64_t start, uint64_t end) {
    auto* range = proto.add_segments()->mutable_range();
    range->set_start(start);
    range->set_end(end);
  };
  for (auto [start, end] : {std::pair{10, 20}, {20, 30}, {50, 50}, {40, 45}, {0, 3}})
    add(start, end);
  std::string bytes = proto.SerializeAsString();
  RowIdSequence sequence = *RowIdSequence::Parse(AsBytes(bytes));
  EXPECT_EQ(sequence.segments().size(), 3u);
  EXPECT_EQ(sequence.num_rows(), 28u);
  EXPECT_EQ(sequence.Find(44), 24u);
  EXPECT_EQ(sequence.Find(1), 26u);
  EXPECT_EQ(sequence.Find(30), std::nullopt);
  std::vector<uint64_t> read(10);
  sequence.Read(18, 10, read.data());
  EXPECT_EQ(read, (std::vector<uint64_t>{28, 29, 40, 41, 42, 43, 44, 0, 1, 2}));
  add(0, UINT64_MAX);
  bytes = proto.SerializeAsString();
  EXPECT_EQ(CategoryOf(RowIdSequence::Parse(AsBytes(bytes)).status()), ErrorCategory::kCorrupt);
  EXPECT_EQ(RowIdSequence::FromValues({}).num_rows(), 0u);
  EXPECT_EQ(RowIdSequence::FromValues({}).Find(0), std::nullopt);
}

TEST(RowIdSequence, SurvivesFlippedBits) {
  std::mt19937 random(13);
  for (const char* when : {"before", "after"}) {
    for (const Json& json : PylanceAnswers()["stable_row_ids"][when]["fragments"]) {
      FragmentMetadata fragment = *FragmentFromJson(json.dump());
      for (const std::string& whole :
           {*fragment.row_ids.inline_bytes, *fragment.created_at_versions.inline_bytes}) {
        for (int i = 0; i < 500; ++i) {
          std::string bytes = whole;
          bytes[random() % bytes.size()] ^= static_cast<char>(1 << (random() % 8));
          auto ids = RowIdSequence::Parse(AsBytes(bytes));
          if (ids.ok() && ids->num_rows() > 0) {
            static_cast<void>(ids->Find(ids->Get(ids->num_rows() - 1)));
          }
          static_cast<void>(RowVersionSequence::Parse(AsBytes(bytes)));
        }
      }
    }
  }
}

TEST(RowVersionSequence, ReadsAcrossRuns) {
  RowVersionSequence sequence = RowVersionSequence::FromValues({1, 1, 1, 4, 2, 2});
  std::vector<uint64_t> read(4);
  sequence.Read(2, 4, read.data());
  EXPECT_EQ(read, (std::vector<uint64_t>{1, 4, 2, 2}));
  EXPECT_EQ(sequence.Get(3), 4u);
  EXPECT_EQ(RowVersionSequence::Uniform(0, 3).num_rows(), 0u);
}

// Every deletion file and sequence of the outside fixtures reads and fits its fragment.
TEST(RowState, ReadsEveryFixture) {
  std::filesystem::path fixtures = LANCEA_SOURCE_DIR "/../shared/fixtures";
  if (!std::filesystem::is_directory(fixtures)) GTEST_SKIP() << "no fixtures here";
  FileStoreForTest store;
  int num_deletion_files = 0, num_sequences = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(fixtures)) {
    if (!entry.is_directory() || entry.path().filename() != "_versions") continue;
    std::string root = entry.path().parent_path().string();
    auto manifests = *ListManifests(store, root);
    auto reader = *store.Open(manifests.back().path, 0);
    auto manifest = *ReadManifest(*reader);
    for (const FragmentMetadata& fragment : manifest->fragments) {
      if (fragment.deletion_file && !fragment.deletion_file->base_id) {
        EXPECT_GT(Deletions(root, fragment)->num_deleted(), 0u);
        ++num_deletion_files;
      }
      if (!fragment.row_ids.inline_bytes) continue;
      auto ids = RowIdSequence::Parse(AsBytes(*fragment.row_ids.inline_bytes));
      ASSERT_TRUE(ids.ok()) << root;
      EXPECT_EQ(ids->num_rows(), fragment.physical_rows) << root;
      auto versions =
          RowVersionSequence::Parse(AsBytes(*fragment.created_at_versions.inline_bytes));
      ASSERT_TRUE(versions.ok()) << root;
      EXPECT_EQ(versions->num_rows(), fragment.physical_rows) << root;
      ++num_sequences;
    }
  }
  EXPECT_GT(num_deletion_files, 20);
  EXPECT_GT(num_sequences, 5);
}

}  // namespace
}  // namespace lancea
