// Strings as pylance 0.13 stored them: a list column with the bytes in the column behind it.
#include "lancea/encoding/v2_0/listed_bytes.h"

#include <gtest/gtest.h>

#include "arrow/json/from_string.h"
#include "lancea/encoding/v2_0/memory_file_for_test.h"

namespace lancea::v2_0 {
namespace {

Field FieldOf(const std::shared_ptr<arrow::DataType>& type) {
  return FromArrow(arrow::Schema({arrow::field("c", type)})).ValueOrDie().fields[0];
}

std::shared_ptr<arrow::Array> Json(const std::shared_ptr<arrow::DataType>& type,
                                   const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

// "foo", null, "", "quux" in two pages.
MemoryFile WriteLists(const std::shared_ptr<arrow::DataType>& type) {
  PageLimits limits;
  limits.column_buffer_bytes = 2 * sizeof(uint64_t);
  MemoryFile file;
  const auto lists = Json(type, "[[102, 111, 111], null, [], [113, 117, 117, 120]]");
  EXPECT_TRUE(file.Write(FieldOf(type), {lists}, limits).ok());
  return file;
}

TEST(ListedBytes, AreReadAsStringsAndBinaries) {
  for (const auto& type : {arrow::utf8(), arrow::binary(), arrow::large_utf8()}) {
    const bool large = type->id() == arrow::Type::LARGE_STRING;
    MemoryFile file =
        WriteLists(large ? arrow::large_list(arrow::uint8()) : arrow::list(arrow::uint8()));
    file.ReadAs(FieldOf(type));
    const auto expected = Json(type, R"(["foo", null, "", "quux"])");
    for (const RowRange rows : {RowRange{0, 4}, RowRange{0, 1}, RowRange{1, 4}, RowRange{3, 4}}) {
      const auto read = file.Read({&rows, 1});
      ASSERT_TRUE(read.ok()) << read.status().ToString();
      EXPECT_TRUE((*read)->Equals(*expected->Slice(rows.start, rows.size())))
          << (*read)->ToString();
    }
  }
}

TEST(ListedBytes, NeedAColumnOfTheirBytesBehindThem) {
  // Lists of lists: the column behind holds ends, not bytes.
  const auto type = arrow::list(arrow::list(arrow::uint8()));
  MemoryFile file;
  ASSERT_TRUE(file.Write(FieldOf(type), {Json(type, "[[[1], [2, 3]]]")}, {}).ok());
  file.ReadAs(FieldOf(arrow::utf8()));
  const RowRange rows{0, 1};
  EXPECT_FALSE(file.Read({&rows, 1}).ok());
}

}  // namespace
}  // namespace lancea::v2_0
