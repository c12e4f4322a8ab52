#include "lancea/index/btree_index.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "arrow/array.h"
#include "arrow/json/from_string.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "lancea/error.h"
#include "lancea/file_writer.h"
#include "lancea/io/memory_store.h"

namespace lancea {
namespace {

// The two files of an index, as pylance writes them, with pages of three rows.
class BTree : public testing::Test {
 protected:
  std::shared_ptr<arrow::Array> Array(const std::shared_ptr<arrow::DataType>& type,
                                      const std::string& json) {
    return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
  }

  void WriteFile(const std::string& path, const std::vector<std::string>& names,
                 const arrow::ArrayVector& columns, const std::string& batch_size = "") {
    arrow::FieldVector fields;
    for (size_t i = 0; i < names.size(); ++i) {
      fields.push_back(arrow::field(names[i], columns[i]->type()));
    }
    FileWriterOptions options;
    options.session = session_;
    auto writer = FileWriter::Open(path, nullptr, options).ValueOrDie();
    const auto batch =
        arrow::RecordBatch::Make(arrow::schema(fields), columns[0]->length(), columns);
    ASSERT_TRUE(writer->Write(*batch).ok());
    if (!batch_size.empty()) {
      ASSERT_TRUE(writer->AddSchemaMetadata("batch_size", batch_size).ok());
    }
    ASSERT_TRUE(writer->Finish().ok());
  }

  // values: null null 1 | 4 4 7 | 7 9 12 | 15
  void WriteNumbers(const std::string& page_idx = "[0, 1, 2, 3]",
                    const std::string& batch_size = "3") {
    WriteFile("index/page_data.lance", {"values", "ids"},
              {Array(arrow::int32(), "[null, null, 1, 4, 4, 7, 7, 9, 12, 15]"),
               Array(arrow::uint64(), "[8, 9, 0, 1, 2, 3, 4, 5, 6, 7]")});
    WriteFile("index/page_lookup.lance", {"min", "max", "null_count", "page_idx"},
              {Array(arrow::int32(), "[null, 4, 7, 15]"), Array(arrow::int32(), "[1, 7, 12, 15]"),
               Array(arrow::uint32(), "[2, 0, 0, 0]"), Array(arrow::uint32(), page_idx)},
              batch_size);
  }

  arrow::Result<std::shared_ptr<const BTreeIndex>> Open() {
    return BTreeIndex::Open(store_, "index", session_);
  }

  static std::shared_ptr<Session> SessionOf(std::shared_ptr<ObjectStore> store) {
    Host host;
    host.object_store = std::move(store);
    return std::make_shared<Session>(1 << 20, host);
  }

  const std::shared_ptr<ObjectStore> store_ = std::make_shared<MemoryObjectStore>();
  const std::shared_ptr<Session> session_ = SessionOf(store_);
};

using Pages = std::vector<uint64_t>;

TEST_F(BTree, FindsThePagesThatMayHoldAValue) {
  WriteNumbers();
  const auto index = Open().ValueOrDie();
  EXPECT_EQ(index->num_pages(), 4);
  for (const auto& [values, pages] : std::vector<std::pair<std::string, Pages>>{
           {"[1]", {0}},
           {"[-5]", {0}},  // who knows what lies before the nulls
           {"[2]", {}},
           {"[7]", {1, 2}},
           {"[16]", {}},
           {"[15, 4, 4, null]", {1, 3}},
           {"[null]", {}},
           {"[]", {}},
       }) {
    EXPECT_EQ(index->PagesOf(*Array(arrow::int32(), values)).ValueOrDie(), pages) << values;
  }
}

TEST_F(BTree, FindsTheRowsThatHaveAValue) {
  WriteNumbers();
  const auto index = Open().ValueOrDie();
  for (const auto& [values, ids] : std::vector<std::pair<std::string, std::string>>{
           {"[1]", "[0]"},
           {"[-5]", "[]"},
           {"[5]", "[]"},
           {"[7]", "[3, 4]"},  // on two pages
           {"[15, 4, 4, null, 9]", "[1, 2, 5, 7]"},
           {"[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]",
            "[0, 1, 2, 3, 4, 5, 6, 7]"},
       }) {
    const auto wanted = Array(arrow::int32(), values);
    const auto found = index->Find(*wanted, index->PagesOf(*wanted).ValueOrDie()).ValueOrDie();
    EXPECT_TRUE(found->Equals(*Array(arrow::uint64(), ids))) << values << found->ToString();
  }
  EXPECT_FALSE(index->Find(*Array(arrow::int32(), "[1]"), {4}).ok());
}

TEST_F(BTree, ComparesTextsByTheirBytes) {
  WriteFile(
      "index/page_data.lance", {"values", "ids"},
      {Array(arrow::utf8(), R"(["B", "a", "b", "ä"])"), Array(arrow::uint64(), "[0, 1, 2, 3]")});
  WriteFile("index/page_lookup.lance", {"min", "max", "null_count", "page_idx"},
            {Array(arrow::utf8(), R"(["B", "b"])"), Array(arrow::utf8(), R"(["a", "ä"])"),
             Array(arrow::uint32(), "[0, 0]"), Array(arrow::uint32(), "[0, 1]")},
            "2");
  const auto index = Open().ValueOrDie();
  EXPECT_EQ(index->PagesOf(*Array(arrow::utf8(), R"(["Z"])")).ValueOrDie(), Pages{0});
  EXPECT_EQ(index->PagesOf(*Array(arrow::utf8(), R"(["c", "A"])")).ValueOrDie(), Pages{1});
  EXPECT_EQ(index->PagesOf(*Array(arrow::utf8(), R"(["ö"])")).ValueOrDie(), Pages{});
  const auto found = index->Find(*Array(arrow::utf8(), R"(["ä", "a"])"), {0, 1}).ValueOrDie();
  EXPECT_TRUE(found->Equals(*Array(arrow::uint64(), "[1, 3]")));
}

TEST_F(BTree, OfNothingHasNoPages) {
  WriteFile("index/page_data.lance", {"values", "ids"},
            {Array(arrow::int32(), "[]"), Array(arrow::uint64(), "[]")});
  WriteFile("index/page_lookup.lance", {"min", "max", "null_count", "page_idx"},
            {Array(arrow::int32(), "[]"), Array(arrow::int32(), "[]"), Array(arrow::uint32(), "[]"),
             Array(arrow::uint32(), "[]")},
            "4096");
  const auto index = Open().ValueOrDie();
  EXPECT_EQ(index->PagesOf(*Array(arrow::int32(), "[1]")).ValueOrDie(), Pages{});
}

TEST_F(BTree, RefusesFilesThatContradictThemselves) {
  for (const auto& [page_idx, batch_size] : std::vector<std::pair<std::string, std::string>>{
           {"[0, 1, 2, 4]", "3"},                     // beyond the rows
           {"[0, 1, 2, 4294967295]", "3"},            // far beyond them
           {"[0, 1, 2, 3]", "18446744073709551615"},  // pages whose beginning overflows
           {"[0, 1, 2, 3]", "0"},
           {"[0, 1, 2, 3]", "three"},
           {"[0, 1, 2, 3]", ""},
       }) {
    WriteNumbers(page_idx, batch_size);
    const auto open = Open();
    ASSERT_FALSE(open.ok()) << page_idx << " " << batch_size;
    EXPECT_TRUE(CategoryOf(open.status()) == ErrorCategory::kCorrupt) << open.status();
  }
}

TEST_F(BTree, RefusesValuesOfAnotherType) {
  WriteNumbers();
  const auto index = Open().ValueOrDie();
  EXPECT_FALSE(index->PagesOf(*Array(arrow::int64(), "[1]")).ok());
}

TEST_F(BTree, IsKnownByItsDetailsAndVersion) {
  IndexInfo info;
  info.type_url = "/lance.table.BTreeIndexDetails";
  EXPECT_TRUE(BTreeIndex::Is(info));
  info.index_version = 1;
  EXPECT_TRUE(BTreeIndex::Is(info));
  info.index_version = 2;
  EXPECT_FALSE(BTreeIndex::Is(info));
  info = {};
  info.type_url = "/lance.table.BitmapIndexDetails";
  EXPECT_FALSE(BTreeIndex::Is(info));
}

}  // namespace
}  // namespace lancea
