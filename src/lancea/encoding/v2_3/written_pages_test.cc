// Pages that the structural field writer makes for files of version 2.3.
#include <gtest/gtest.h>

#include "arrow/array/concatenate.h"
#include "arrow/json/from_string.h"
#include "lancea/encoding/structural/plain_array_test_support.h"
#include "lancea/encoding/structural/random_array_test_support.h"
#include "lancea/encoding/structural/written_field_test_support.h"
#include "lancea/encoding/v2_3/make_page.h"

namespace lancea::v2_3 {
namespace {

using arrow::field;

std::unique_ptr<WrittenField> Write(const std::shared_ptr<arrow::Array>& rows) {
  EncodingOptions options;
  options.format = FileFormat::k2_3;
  return WrittenField::Write(field("a", rows->type()), {rows}, options).ValueOrDie();
}

void ExpectRoundTrip(const std::shared_ptr<arrow::Array>& rows) {
  auto read = Write(rows)->Read({{0, static_cast<uint64_t>(rows->length())}}, MakePage);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_TRUE(Plain(*read)->Equals(*Plain(rows))) << (*read)->ToString() << rows->ToString();
}

std::shared_ptr<arrow::Array> Json(const std::shared_ptr<arrow::DataType>& type,
                                   const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

TEST(WrittenPlanarPages, RoundTrip) {
  const std::shared_ptr<arrow::DataType> types[] = {
      arrow::int32(),
      arrow::boolean(),
      arrow::utf8(),
      arrow::null(),
      arrow::fixed_size_list(arrow::float32(), 100),
      arrow::dictionary(arrow::int16(), arrow::utf8()),
      arrow::list(arrow::list(arrow::int64())),
      arrow::map(arrow::utf8(), arrow::int32()),
      arrow::fixed_size_list(arrow::struct_({field("x", arrow::int8())}), 3),
      arrow::list(
          arrow::struct_({field("x", arrow::int8()), field("l", arrow::list(arrow::utf8()))})),
  };
  RandomArrays random(5);
  for (const auto& type : types) {
    for (const double nulls : {0.0, 0.3, 1.0}) {
      SCOPED_TRACE(type->ToString() + " nulls " + std::to_string(nulls));
      ExpectRoundTrip(random.Make(type, 2000, {.null_fraction = nulls}));
    }
  }
}

TEST(WrittenPlanarPages, StructureWithoutValuesIsSparse) {
  const auto lists = arrow::list(arrow::list(arrow::int32()));
  const auto structs = arrow::struct_({field("x", arrow::int32())});
  for (const auto& rows : {Json(lists, "[[[], null], null, [], [[]], [[null, null], []]]"),
                           Json(structs, R"([{"x": null}, null, null, {"x": null}])")}) {
    EXPECT_TRUE(DescribePlanarLayout(Write(rows)->pages()[0])->starts_with("sparse"));
    ExpectRoundTrip(rows);
  }
}

}  // namespace
}  // namespace lancea::v2_3
