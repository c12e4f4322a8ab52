#include "lancea/util/jsonb_encode.h"

#include <gtest/gtest.h>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "lancea/util/jsonb.h"

namespace lancea {
namespace {

std::string RoundTrip(const std::string& text) {
  std::string jsonb, out;
  EXPECT_TRUE(AppendJsonb(text, &jsonb).ok()) << text;
  const auto* bytes = reinterpret_cast<const uint8_t*>(jsonb.data());
  EXPECT_TRUE(AppendJsonText({bytes, jsonb.size()}, &out).ok()) << text;
  return out;
}

class JsonbDocument : public testing::TestWithParam<const char*> {};

TEST_P(JsonbDocument, ReadsBackAsTheSameCompactText) {
  EXPECT_EQ(RoundTrip(GetParam()), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Texts, JsonbDocument,
                         testing::Values("null", "true", "false", "0", "1", "-1", "127", "-128",
                                         "-129", "255", "256", "65535", "65536", "-32769",
                                         "4294967296", "18446744073709551615",
                                         "-9223372036854775808", "1.5", "-0.25", "\"\"", "\"text\"",
                                         "[]", "{}", "[1,[2,[3,[]]],{}]",
                                         R"({"a":1,"b":[true,null,"x"],"c":{"d":-5}})"));

TEST(Jsonb, KeysAreSortedAndTheLastOfEqualOnesCounts) {
  EXPECT_EQ(RoundTrip(R"({ "b": 1, "a": 2, "b": 3 })"), R"({"a":2,"b":3})");
}

TEST(Jsonb, TextThatIsNotJsonIsRefusedWithItsRow) {
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.Append("{}").ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  ASSERT_TRUE(builder.Append("{").ok());
  auto text = *builder.Finish();
  auto result = TextToJsonb(*text, arrow::default_memory_pool());
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.status().message().find("row 2"), std::string::npos) << result.status();
}

TEST(Jsonb, NullRowsStayNull) {
  arrow::LargeStringBuilder builder;
  ASSERT_TRUE(builder.AppendNull().ok());
  ASSERT_TRUE(builder.Append("[1]").ok());
  auto text = *builder.Finish();
  auto jsonb = TextToJsonb(*text, arrow::default_memory_pool());
  ASSERT_TRUE(jsonb.ok()) << jsonb.status();
  EXPECT_TRUE((*jsonb)->IsNull(0));
  auto back = JsonbToText(**jsonb, arrow::default_memory_pool());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(static_cast<const arrow::StringArray&>(**back).GetString(1), "[1]");
}

}  // namespace
}  // namespace lancea
