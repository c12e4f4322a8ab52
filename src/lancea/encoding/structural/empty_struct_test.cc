#include "lancea/encoding/structural/empty_struct.h"

#include <gtest/gtest.h>

#include "arrow/json/from_string.h"
#include "lancea/encoding/structural/written_field_test_support.h"
#include "lancea/proto/encodings_v2_1.pb.h"

namespace lancea {
namespace {

const std::shared_ptr<arrow::DataType> kEmpty = arrow::struct_({});

arrow::Result<std::unique_ptr<WrittenField>> Write(const std::shared_ptr<arrow::DataType>& type,
                                                   const std::string& json, FileFormat format) {
  EncodingOptions options;
  options.format = format;
  ARROW_ASSIGN_OR_RAISE(auto rows, arrow::json::ArrayFromJSONString(type, json));
  return WrittenField::Write(arrow::field("a", type), {rows}, options);
}

TEST(EmptyStruct, IsReadBackAloneAndBesideOtherFields) {
  const auto beside =
      arrow::struct_({arrow::field("e", kEmpty), arrow::field("x", arrow::int8()),
                      arrow::field("f", arrow::struct_({arrow::field("g", kEmpty)}))});
  const std::pair<std::shared_ptr<arrow::DataType>, std::string> cases[] = {
      {kEmpty, "[{}, {}, {}]"},
      {arrow::struct_({arrow::field("e", kEmpty)}), R"([{"e": {}}, {"e": {}}, {"e": {}}])"},
      {beside, R"([{"e": {}, "x": 1, "f": {"g": {}}}, {"e": {}, "x": null, "f": {"g": {}}},
                   {"e": {}, "x": 3, "f": {"g": {}}}])"},
  };
  for (const FileFormat format : {FileFormat::k2_1, FileFormat::k2_2}) {
    for (const auto& [type, json] : cases) {
      const auto expected = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
      auto written = Write(type, json, format);
      ASSERT_TRUE(written.ok()) << written.status().ToString();
      const auto all = (*written)->ReadAll().ValueOrDie();
      EXPECT_TRUE(all->ValidateFull().ok());
      EXPECT_TRUE(all->Equals(*expected)) << all->ToString();
      EXPECT_TRUE((*written)->Read({{1, 3}}).ValueOrDie()->Equals(*expected->Slice(1, 2)));
    }
  }
}

// What pylance 14.0.2 writes for any depth: {3: {5: [3]}}, one nullable item in a constant layout.
TEST(EmptyStruct, IsAPageOfNoBuffers) {
  const auto nested = arrow::struct_({arrow::field("e", kEmpty)});
  for (const auto& [type, json] : {std::pair{kEmpty, "[{}, {}]"}, {nested, "[{\"e\": {}}]"}}) {
    const auto written = Write(type, json, FileFormat::k2_2).ValueOrDie();
    ASSERT_EQ(written->pages().size(), 1u);
    const PageInfo& page = written->pages()[0];
    EXPECT_TRUE(page.buffers.empty());
    lance::encodings21::PageLayout layout;
    ASSERT_TRUE(layout.ParseFromString(page.encoding.value));
    ASSERT_EQ(layout.constant_layout().layers_size(), 1);
    EXPECT_EQ(layout.constant_layout().layers(0), lance::encodings21::REPDEF_NULLABLE_ITEM);
    EXPECT_FALSE(layout.constant_layout().has_inline_value());
  }
}

TEST(EmptyStruct, IsRefusedWhereNoVersionStoresIt) {
  const auto nested = arrow::struct_({arrow::field("e", kEmpty), arrow::field("x", arrow::int8())});
  for (const FileFormat format : {FileFormat::k2_1, FileFormat::k2_2, FileFormat::k2_3}) {
    EXPECT_FALSE(Write(kEmpty, "[{}, null]", format).ok());
    EXPECT_FALSE(Write(nested, R"([null, {"e": {}, "x": 1}])", format).ok());
    EXPECT_FALSE(Write(arrow::list(kEmpty), "[[{}]]", format).ok());
    EXPECT_FALSE(Write(arrow::list(nested), R"([[{"e": {}, "x": 1}]])", format).ok());
  }
}

}  // namespace
}  // namespace lancea
