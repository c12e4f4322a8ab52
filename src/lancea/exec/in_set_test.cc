#include "lancea/exec/in_set.h"

#include <gtest/gtest.h>

#include <random>

#include "arrow/array.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/expression.h"
#include "arrow/compute/initialize.h"
#include "arrow/json/from_string.h"
#include "lancea/exec/predicate.h"

namespace lancea {
namespace {

using arrow::compute::field_ref;

class SetsOf : public testing::TestWithParam<std::shared_ptr<arrow::DataType>> {
 protected:
  void SetUp() override { ASSERT_TRUE(arrow::compute::Initialize().ok()); }

  std::shared_ptr<arrow::Array> Numbers(size_t count, uint64_t range, bool with_nulls) {
    std::string json = "[";
    for (size_t i = 0; i < count; ++i) {
      const bool is_null = with_nulls && random_() % 5 == 0;
      json.append(i == 0 ? "" : ",").append(is_null ? "null" : std::to_string(random_() % range));
    }
    const auto wide = *arrow::json::ArrayFromJSONString(arrow::int64(), json + "]");
    return arrow::compute::Cast(*wide, GetParam()).ValueOrDie();
  }

  std::mt19937_64 random_{11};
};

TEST_P(SetsOf, AnswerAsArrowsLookup) {
  for (const size_t size : {0, 1, 3, 40, 5000}) {
    for (const uint64_t range : {100, 30'000, 100'000'000}) {
      if (range > 100 && GetParam()->byte_width() == 1) continue;
      if (range > 30'000 && GetParam()->byte_width() == 2) continue;
      for (const bool with_nulls : {false, true}) {
        const auto values = Numbers(size, range, with_nulls);
        const auto asked = Numbers(2000, range, with_nulls)->Slice(7);
        const auto expression = InSet(field_ref("x"), values).ValueOrDie();
        const auto schema = arrow::schema({arrow::field("x", GetParam())});
        const auto predicate = Predicate::Make(expression, schema).ValueOrDie();
        EXPECT_NE(predicate->value_condition(), nullptr);
        const auto got =
            predicate->Evaluate({asked}, asked->length(), arrow::default_memory_pool());
        using arrow::compute::SetLookupOptions;
        const auto expected =
            arrow::compute::IsIn(asked, SetLookupOptions(values, SetLookupOptions::SKIP))
                .ValueOrDie()
                .make_array();
        ASSERT_TRUE((*got)->Equals(*expected)) << size << " of " << range;
        // By the function itself, as a part of another expression is.
        const auto bound = expression.Bind(*schema).ValueOrDie();
        const arrow::compute::ExecBatch batch({asked}, asked->length());
        const auto by_function =
            arrow::compute::ExecuteScalarExpression(bound, batch).ValueOrDie().make_array();
        ASSERT_TRUE(by_function->Equals(*expected)) << size << " of " << range;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Integers, SetsOf,
                         testing::Values(arrow::int8(), arrow::uint8(), arrow::int16(),
                                         arrow::uint16(), arrow::int32(), arrow::uint32(),
                                         arrow::int64(), arrow::uint64()),
                         [](const auto& info) { return info.param->name(); });

TEST(InSet, TakesIntegersOnly) {
  const auto texts = *arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["a"])");
  const auto made = InSet(field_ref("x"), texts);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.status().message().find("takes integers"), std::string::npos);
}

}  // namespace
}  // namespace lancea
