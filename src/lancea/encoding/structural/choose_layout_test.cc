// Claims about the layout that pages take.
#include "lancea/encoding/structural/choose_layout.h"

#include <gtest/gtest.h>

#include "arrow/json/from_string.h"
#include "lancea/encoding/structural/random_array_test_support.h"
#include "lancea/encoding/structural/written_field_test_support.h"

namespace lancea {
namespace {

std::unique_ptr<WrittenField> Write(const std::shared_ptr<arrow::Array>& rows,
                                    FileFormat format = FileFormat::k2_2,
                                    const std::string& structural = "",
                                    const PageLimits& limits = {}) {
  auto field = arrow::field("a", rows->type());
  if (!structural.empty()) {
    field = field->WithMetadata(
        arrow::key_value_metadata({"lance-encoding:structural-encoding"}, {structural}));
  }
  EncodingOptions options;
  options.format = format;
  return WrittenField::Write(field, {rows}, options, limits).ValueOrDie();
}

std::shared_ptr<arrow::Array> Random(const std::shared_ptr<arrow::DataType>& type, int64_t rows,
                                     const RandomShape& shape = {}) {
  return RandomArrays(1).Make(type, rows, shape);
}

std::shared_ptr<arrow::Array> Json(const std::shared_ptr<arrow::DataType>& type,
                                   const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

bool Is(const WrittenField& written, const std::string& layout) {
  return written.Describe().starts_with(layout);
}

TEST(ChooseLayout, SmallValuesGoToMiniBlocks) {
  EXPECT_TRUE(Is(*Write(Random(arrow::int32(), 5000)), "miniblock"));
  EXPECT_TRUE(Is(*Write(Random(arrow::fixed_size_list(arrow::float32(), 63), 100)), "miniblock"));
}

TEST(ChooseLayout, ValuesFrom256BytesOnGoFullZip) {
  EXPECT_TRUE(Is(*Write(Random(arrow::fixed_size_list(arrow::float32(), 64), 100)), "fullzip"));
  const RandomShape shape{.max_string_length = 2000};
  EXPECT_TRUE(Is(*Write(Random(arrow::utf8(), 100, shape)), "fullzip"));
}

TEST(ChooseLayout, TheUserDecidesOtherwise) {
  const auto vectors = Random(arrow::fixed_size_list(arrow::float32(), 100), 100);
  EXPECT_TRUE(Is(*Write(vectors, FileFormat::k2_2, "miniblock"), "miniblock"));
  EXPECT_TRUE(Is(*Write(Random(arrow::int32(), 500), FileFormat::k2_2, "fullzip"), "fullzip"));
}

TEST(ChooseLayout, ValuesThatFillAChunkGoFullZipWhateverIsAsked) {
  const auto large = Random(arrow::fixed_size_list(arrow::float32(), 20000), 3);
  EXPECT_TRUE(Is(*Write(large, FileFormat::k2_1, "miniblock"), "fullzip"));
}

TEST(ChooseLayout, VectorsWithoutNullsAreTheirBytes) {
  const auto vectors = Random(arrow::fixed_size_list(arrow::float32(), 96), 200);
  const auto written = Write(vectors);
  ASSERT_EQ(written->pages().size(), 1u);
  ASSERT_EQ(written->pages()[0].buffers.size(), 1u);
  EXPECT_EQ(written->pages()[0].buffers[0].length, 200u * 96 * 4);
}

TEST(ChooseLayout, NullsTakeNoBytes) {
  for (const FileFormat format : {FileFormat::k2_1, FileFormat::k2_2}) {
    const auto written = Write(Random(arrow::int64(), 100, {.null_fraction = 1}), format);
    EXPECT_EQ(written->Describe(), "constant");
    EXPECT_TRUE(written->pages()[0].buffers.empty());
  }
}

TEST(ChooseLayout, EmptyListsAreConstant) {
  for (const FileFormat format : {FileFormat::k2_1, FileFormat::k2_2}) {
    EXPECT_EQ(Write(Json(arrow::list(arrow::utf8()), "[[], null, []]"), format)->Describe(),
              "constant");
  }
}

TEST(ChooseLayout, OneValueIsConstantFrom2_2On) {
  const auto same = Json(arrow::int32(), "[7, 7, 7, null]");
  EXPECT_EQ(Write(same)->Describe(), "constant(inline)");
  EXPECT_TRUE(Is(*Write(same, FileFormat::k2_1), "miniblock"));
  EXPECT_EQ(Write(Json(arrow::utf8(), R"(["ab", "ab"])"))->Describe(), "constant");
}

TEST(ChooseLayout, AColumnWithoutNullsStoresNoLevels) {
  const std::string layout = Write(Json(arrow::int64(), "[1, 5, 100000000000]"))->Describe();
  EXPECT_EQ(layout.find("def="), std::string::npos) << layout;
}

TEST(ChooseLayout, LargePagesAreSplitByRows) {
  const PageLimits limits{.column_buffer_bytes = 1 << 12, .max_page_bytes = 1 << 14};
  const auto written = Write(Random(arrow::int64(), 10000), FileFormat::k2_2, "", limits);
  EXPECT_EQ(written->pages().size(), 8u);
}

}  // namespace
}  // namespace lancea
