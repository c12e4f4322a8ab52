#include "lancea/expr/sql_expression.h"

#include <gtest/gtest.h>

#include "arrow/compute/exec.h"
#include "arrow/json/from_string.h"
#include "arrow/type.h"

namespace lancea {
namespace {

std::shared_ptr<arrow::Schema> Goods() {
  return arrow::schema({arrow::field("price", arrow::int64()), arrow::field("name", arrow::utf8()),
                        arrow::field("st", arrow::struct_({arrow::field("x", arrow::int32())}))});
}

std::string ErrorOf(const std::string& sql) {
  const auto out = ParseFilter(sql, *Goods());
  EXPECT_TRUE(out.status().IsInvalid()) << sql;
  return out.status().message();
}

std::string Repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

// The answer for each row, as JSON.
std::string Answer(const std::string& sql, const std::string& rows) {
  const auto schema = Goods();
  const auto type = arrow::struct_(schema->fields());
  const auto array = arrow::json::ArrayFromJSONString(type, rows).ValueOrDie();
  const auto expression = ParseExpression(sql, *schema).ValueOrDie();
  const auto batch = arrow::RecordBatch::FromStructArray(array).ValueOrDie();
  const arrow::compute::ExecBatch input(*batch);
  const auto out = arrow::compute::ExecuteScalarExpression(expression, input).ValueOrDie();
  return out.is_scalar() ? out.scalar()->ToString() : out.make_array()->ToString();
}

TEST(SqlExpression, ErrorsPointAtThePlace) {
  EXPECT_NE(ErrorOf("price >) 5").find("at position 8\n  price >) 5\n         ^"),
            std::string::npos);
  EXPECT_NE(ErrorOf("nmae = 'a'").find("Did you mean name?"), std::string::npos);
  EXPECT_NE(ErrorOf("lowr(name) = 'a'").find("did you mean 'lower'?"), std::string::npos);
  const std::string types = ErrorOf("price = 'abc'");
  EXPECT_NE(types.find("string"), std::string::npos);
  EXPECT_NE(types.find("int64"), std::string::npos);
}

TEST(SqlExpression, DeepNestingIsRefusedNotFollowed) {
  constexpr int kLevels = 10'000;
  const std::string deep[] = {
      Repeated("(", kLevels) + "price = 1" + Repeated(")", kLevels),
      Repeated("NOT ", kLevels) + "price = 1",
      Repeated("abs(", kLevels) + "price" + Repeated(")", kLevels) + " = 1"};
  for (const std::string& sql : deep) {
    EXPECT_NE(ErrorOf(sql).find("nested"), std::string::npos) << sql.substr(0, 20);
  }
}

TEST(SqlExpression, LongChainsAreNoNesting) {
  EXPECT_TRUE(ParseFilter("price = 0" + Repeated(" OR price = 1", 10'000), *Goods()).ok());
}

TEST(SqlExpression, WhatIsNeverNullIsNotAsked) {
  // Division by zero is not reached, as nothing of it counts.
  const auto answer = Answer("((1 / price = 1) IS TRUE) IS NULL", R"([{"price": 0}])");
  EXPECT_NE(answer.find("false"), std::string::npos) << answer;
}

TEST(SqlExpression, ArrowCastKnowsArrowsNames) {
  const auto schema = Goods();
  auto type_of = [&](const std::string& name) {
    const auto out = ParseExpression("arrow_cast(NULL, '" + name + "')", *schema);
    return out.ok() ? out->type()->ToString() : "";
  };
  EXPECT_EQ(type_of("FixedSizeList(32, Float32)"), "fixed_size_list<item: float>[32]");
  EXPECT_EQ(type_of("Timestamp(Millisecond, Some(\"UTC\"))"), "timestamp[ms, tz=UTC]");
  EXPECT_EQ(type_of("Timestamp(Nanosecond, None)"), "timestamp[ns]");
  EXPECT_EQ(type_of("List(LargeUtf8)"), "list<item: large_string>");
  EXPECT_EQ(type_of("Decimal128(10, 2)"), "decimal128(10, 2)");
  EXPECT_EQ(type_of("bigint"), "int64");
  EXPECT_EQ(type_of("List(Int32"), "");
  EXPECT_EQ(type_of("Time32(Nanosecond)"), "");
  EXPECT_EQ(type_of(Repeated("List(", 1000)), "");
}

TEST(SqlExpression, CaseIsChangedByWholeTexts) {
  const char* rows = R"([{"name": "Straße ﬂ ΟΔΟΣ"}])";
  EXPECT_NE(Answer("upper(name)", rows).find("STRASSE FL ΟΔΟΣ"), std::string::npos);
  EXPECT_NE(Answer("lower(name)", rows).find("straße ﬂ οδος"), std::string::npos);
}

}  // namespace
}  // namespace lancea
