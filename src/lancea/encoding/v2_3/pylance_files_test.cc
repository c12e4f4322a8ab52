// Files that pylance 14.0.2 wrote (tests/data/pylance-14.0.2/v2_3/make_files.py) against what it
// reads.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/chunked_array.h"
#include "arrow/io/file.h"
#include "arrow/ipc/reader.h"
#include "arrow/table.h"
#include "lancea/encoding/v2_3/test_file.h"

namespace lancea::v2_3 {
namespace {

std::shared_ptr<arrow::Table> ReadExpected(const std::string& name) {
  auto in = arrow::io::ReadableFile::Open((TestData() / (name + ".arrow")).string()).ValueOrDie();
  auto reader = arrow::ipc::RecordBatchFileReader::Open(in).ValueOrDie();
  return reader->ToTable().ValueOrDie();
}

std::shared_ptr<arrow::Array> Join(const arrow::ArrayVector& chunks) {
  if (chunks.size() == 1) return chunks[0];
  return arrow::Concatenate(chunks).ValueOrDie();
}

std::shared_ptr<arrow::Array> Rows(const arrow::ChunkedArray& column,
                                   const std::vector<RowRange>& ranges) {
  arrow::ArrayVector parts;
  for (const RowRange& range : ranges) {
    const auto slice =
        column.Slice(static_cast<int64_t>(range.start), static_cast<int64_t>(range.size()));
    for (const auto& chunk : slice->chunks()) parts.push_back(chunk);
  }
  return Join(parts);
}

// Ascending, disjoint, non-empty; short and long, touching and apart.
std::vector<RowRange> RandomRanges(std::mt19937* random, uint64_t num_rows) {
  std::vector<RowRange> out;
  const uint64_t stride = 1 + (*random)() % (num_rows / 2);
  uint64_t row = (*random)() % stride;
  while (row < num_rows && out.size() < 200) {
    const uint64_t end = std::min(num_rows, row + 1 + (*random)() % (1 + stride / 2));
    out.push_back({row, end});
    row = end + (*random)() % stride;
  }
  if (out.empty()) out.push_back({num_rows - 1, num_rows});
  return out;
}

class PylanceFile : public testing::TestWithParam<const char*> {};

TEST_P(PylanceFile, ReadsEqualWhateverTheRows) {
  const auto file = TestFile::Open(std::string(GetParam()) + ".lance");
  const auto expected = ReadExpected(GetParam());
  ASSERT_EQ(file->num_rows(), static_cast<uint64_t>(expected->num_rows()));
  ASSERT_EQ(file->schema().fields.size(), static_cast<size_t>(expected->num_columns()));
  for (size_t i = 0; i < file->schema().fields.size(); ++i) {
    SCOPED_TRACE(file->schema().fields[i].name);
    auto made = file->MakeReader(i);
    EXPECT_TRUE(made.ok()) << made.status();
    if (!made.ok()) continue;
    std::mt19937 random(static_cast<uint32_t>(i));
    for (int round = 0; round < 8; ++round) {
      const std::vector<RowRange> ranges = round == 0 ? std::vector<RowRange>{{0, file->num_rows()}}
                                                      : RandomRanges(&random, file->num_rows());
      auto read = file->Read(**made, ranges);
      ASSERT_TRUE(read.ok()) << "round " << round << ": " << read.status();
      const auto array = Join(*read);
      ASSERT_TRUE(array->ValidateFull().ok()) << "round " << round << ": " << array->ValidateFull();
      const auto wanted = Rows(*expected->column(static_cast<int>(i)), ranges);
      ASSERT_TRUE(array->type()->Equals(wanted->type()))
          << array->type()->ToString() << " for " << wanted->type()->ToString();
      std::stringstream difference;
      ASSERT_TRUE(array->Equals(*wanted, arrow::EqualOptions().diff_sink(&difference)))
          << "round " << round << ":\n"
          << difference.str().substr(0, 800);
    }
  }
}

TEST_P(PylanceFile, DamagedBytesGiveAnErrorOrOtherValues) {
  const auto file = TestFile::Open(std::string(GetParam()) + ".lance");
  std::mt19937 random(7);
  for (size_t i = 0; i < file->schema().fields.size(); ++i) {
    const auto tree =
        MakeFieldTree(file->schema().fields[i],
                      ToArrowAsRead(file->schema().fields[i]).ValueOrDie(), file->file_size())
            .ValueOrDie();
    for (int round = 0; round < 30; ++round) {
      const int32_t leaf = tree.leaf_field_ids[random() % tree.leaf_field_ids.size()];
      ColumnInfo& column = *file->columns().at(leaf);
      const ColumnInfo sound = column;
      PageInfo& page = column.pages[random() % column.pages.size()];
      std::pair<char*, char> flipped{nullptr, 0};
      if (round % 3 == 0 || page.buffers.empty()) {
        page.encoding.value[random() % page.encoding.value.size()] ^=
            static_cast<char>(1u << (random() % 8));
      } else if (ByteRange& buffer = page.buffers[random() % page.buffers.size()];
                 buffer.length > 0) {
        if (round % 3 == 1) {
          char* byte = file->bytes({buffer.offset + random() % buffer.length, 1});
          flipped = {byte, *byte};
          *byte ^= static_cast<char>(1u << (random() % 8));
        } else {
          buffer.length = random() % buffer.length;
        }
      }
      auto made = file->MakeReader(i);
      if (made.ok()) {
        const std::vector<RowRange> ranges = round % 2 == 0
                                                 ? std::vector<RowRange>{{0, file->num_rows()}}
                                                 : RandomRanges(&random, file->num_rows());
        auto read = file->Read(**made, ranges);
        if (read.ok()) {
          for (const auto& array : *read) {
            const arrow::Status status = array->Validate();
            EXPECT_TRUE(status.ok()) << file->schema().fields[i].name << ": " << status;
          }
        }
      }
      if (flipped.first != nullptr) *flipped.first = flipped.second;
      column = sound;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(V2_3, PylanceFile,
                         testing::Values("dense", "sparse", "dense_fixed_size_list",
                                         "sparse_fixed_size_list", "fixed_size_list_and_list",
                                         "wide", "wide_sparse", "indexed", "constants",
                                         "very_sparse", "sequences"),
                         [](const auto& info) { return std::string(info.param); });

TEST(PylanceFiles, ShowEveryPairOfStructureAndValues) {
  std::set<std::string> pairs;
  for (const auto& entry : std::filesystem::directory_iterator(TestData())) {
    if (entry.path().extension() != ".lance") continue;
    const auto file = TestFile::Open(entry.path().filename().string());
    for (const auto& [id, column] : file->columns()) {
      for (const PageInfo& page : column->pages) {
        std::string words = DescribePlanarLayout(page).ValueOrDie();
        const size_t plus = words.find('+');
        words = words.substr(0, 5) + words.substr(plus, words.find('(', plus) - plus);
        pairs.insert(words);
      }
    }
  }
  EXPECT_EQ(pairs, (std::set<std::string>{"dense+chunked", "dense+constant", "dense+zipped",
                                          "spars+chunked", "spars+constant", "spars+indexed",
                                          "spars+none", "spars+zipped"}));
}

}  // namespace
}  // namespace lancea::v2_3
