#include "lancea/util/referenced_bytes.h"

#include <gtest/gtest.h>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/json/from_string.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/byte_size.h"

namespace lancea {
namespace {

std::shared_ptr<arrow::Array> FromJson(const std::shared_ptr<arrow::DataType>& type,
                                       const std::string& json) {
  return *arrow::json::ArrayFromJSONString(type, json);
}

TEST(ReferencedBytes, AreThoseThatArrowCounts) {
  const arrow::ArrayVector arrays = {
      FromJson(arrow::int64(), "[1, 2, null, 4, 5, 6, 7, 8, 9, 10, 11]"),
      FromJson(arrow::boolean(),
               "[true, false, null, true, true, true, true, true, false, null, true]"),
      FromJson(arrow::utf8(), R"(["a", "bc", null, "", "defg", "h", "i", "j", "k", "l", "mno"])"),
      FromJson(arrow::large_binary(), R"(["a", "bc", "d", "e", "f", "gh", "i", "j", "", "k", ""])"),
      FromJson(arrow::list(arrow::int16()),
               "[[1], [2, null], null, [], [3], [4, 5], [], [], [6], [7], [8, 9, 10]]"),
      FromJson(arrow::fixed_size_list(arrow::float32(), 2),
               "[[1, 2], [3, 4], null, [5, 6], [7, 8], [9, 10], null, [1, 2], [3, 4], [5, 6], "
               "[7, null]]"),
      FromJson(arrow::null(), "[null, null, null, null, null, null, null, null, null, null, null]"),
  };
  for (const auto& array : arrays) {
    for (const auto& [start, length] : {std::pair{0, 11}, {1, 9}, {3, 2}, {10, 1}}) {
      const auto slice = array->Slice(start, length);
      EXPECT_EQ(ReferencedBytes(*slice), *arrow::util::ReferencedBufferSize(*slice))
          << array->type()->ToString() << " rows " << start << " and " << length - 1 << " more";
    }
  }
}

TEST(ReferencedBytes, OfABatchAreThoseOfItsColumns) {
  const auto numbers = FromJson(arrow::int32(), "[1, 2, 3]");
  const auto texts = FromJson(arrow::utf8(), R"(["a", "b", "cd"])");
  const auto schema =
      arrow::schema({arrow::field("n", arrow::int32()), arrow::field("t", arrow::utf8())});
  EXPECT_EQ(ReferencedBytes(*arrow::RecordBatch::Make(schema, 3, {numbers, texts})), 12u + 12 + 4);
}

// Arrow leaves out the bitmap of the struct itself.
TEST(ReferencedBytes, OfAStructAreItsBitmapAndItsChildren) {
  const auto structs = FromJson(
      arrow::struct_({arrow::field("a", arrow::int32()), arrow::field("b", arrow::utf8())}),
      R"([[1, "x"], [2, "yz"], null, [4, null], [null, "v"]])");
  EXPECT_EQ(ReferencedBytes(*structs), 1u + (1 + 5 * 4) + (1 + 5 * 4 + 4));
  EXPECT_EQ(ReferencedBytes(*structs->Slice(1, 2)), 1u + (1 + 2 * 4) + (1 + 2 * 4 + 2));
}

TEST(ReferencedBytes, OfADictionaryAreAllOfItsEntries) {
  const auto words = FromJson(arrow::dictionary(arrow::int16(), arrow::utf8()),
                              R"(["a", "b", "a", "cde", "b", "b"])");
  EXPECT_EQ(ReferencedBytes(*words->Slice(1, 2)), 2u * 2 + 3 * 4 + 5);
}

TEST(ReferencedBytes, OfNoRowsAreNone) {
  EXPECT_EQ(ReferencedBytes(*FromJson(arrow::utf8(), R"(["a", "b"])")->Slice(2)), 0u);
  EXPECT_EQ(ReferencedBytes(*arrow::LargeStringBuilder().Finish().ValueOrDie()), 0u);
}

}  // namespace
}  // namespace lancea
