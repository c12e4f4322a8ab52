#include "lancea/exec/predicate.h"

#include <gtest/gtest.h>

#include "arrow/array/array_dict.h"
#include "arrow/array/array_primitive.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/compute/initialize.h"
#include "arrow/json/from_string.h"
#include "arrow/type.h"
#include "lancea/exec/conjuncts.h"

namespace lancea {
namespace {

namespace cp = arrow::compute;

cp::Expression Call(const std::string& name, std::vector<cp::Expression> arguments) {
  return cp::call(name, std::move(arguments));
}

std::shared_ptr<arrow::Array> Json(const std::shared_ptr<arrow::DataType>& type,
                                   const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

std::shared_ptr<arrow::Schema> Strings() {
  return arrow::schema({arrow::field("s", arrow::utf8())});
}

TEST(Predicate, GivesDictionaryEncodedValuesTheAnswersOfTheirValues) {
  ASSERT_TRUE(cp::Initialize().ok());
  const auto plain = Json(arrow::utf8(), R"(["b", null, "a", "b", "c", null, "a", "a", "b"])");
  const auto values = Json(arrow::utf8(), R"(["a", "b", "c"])");
  const cp::Expression conditions[] = {
      Call("equal", {cp::field_ref("s"), cp::literal("b")}),
      Call("is_null", {cp::field_ref("s")}),
      Call("invert", {Call("equal", {cp::field_ref("s"), cp::literal("b")})}),
      Call("coalesce", {Call("equal", {cp::field_ref("s"), cp::literal("b")}), cp::literal(true)}),
  };
  for (const auto& index : {arrow::uint8(), arrow::int16(), arrow::uint32(), arrow::int64()}) {
    const auto encoded =
        arrow::DictionaryArray::FromArrays(arrow::dictionary(index, arrow::utf8()),
                                           Json(index, "[1, null, 0, 1, 2, null, 0, 0, 1]"), values)
            .ValueOrDie();
    for (const cp::Expression& condition : conditions) {
      const auto predicate = Predicate::Make(condition, Strings()).ValueOrDie();
      auto* pool = arrow::default_memory_pool();
      const auto expected = predicate->Evaluate({plain}, 9, pool).ValueOrDie();
      const auto got = predicate->Evaluate({encoded}, 9, pool).ValueOrDie();
      const auto sliced = predicate->Evaluate({encoded->Slice(2, 5)}, 5, pool).ValueOrDie();
      for (int64_t i = 0; i < 9; ++i) {
        const bool wanted = expected->IsValid(i) && expected->Value(i);
        EXPECT_EQ(got->Value(i), wanted) << condition.ToString() << " row " << i;
        if (i >= 2 && i < 7) {
          EXPECT_EQ(sliced->Value(i - 2), wanted);
        }
      }
    }
  }
}

TEST(Predicate, RefusesWhatIsNoCondition) {
  EXPECT_FALSE(Predicate::Make(cp::field_ref("s"), Strings()).ok());
}

TEST(Conjuncts, AreTheConditionsThatMustAllHold) {
  const auto a = Call("is_null", {cp::field_ref("a")});
  const auto b = Call("is_null", {cp::field_ref({"st", "x"})});
  const auto either = Call("or_kleene", {a, b});
  const auto parts = SplitConjuncts(Call("and_kleene", {Call("and_kleene", {a, either}), b}));
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_TRUE(parts[1].Equals(either));
  EXPECT_EQ(FieldPaths(either), (std::vector<std::vector<std::string>>{{"a"}, {"st", "x"}}));
}

TEST(Conjuncts, FieldsInsideAFieldThatIsReadAreNotReadAgain) {
  const auto both = Call("and_kleene", {Call("is_null", {cp::field_ref({"st", "x"})}),
                                        Call("is_null", {cp::field_ref("st")})});
  EXPECT_EQ(FieldPaths(both), (std::vector<std::vector<std::string>>{{"st"}}));
}

TEST(Conjuncts, NumbersAreThoseAFieldMustBe) {
  const auto field = cp::field_ref("_rowid");
  const auto is = [&](int64_t number) { return Call("equal", {field, cp::literal(number)}); };
  const auto in =
      cp::call("is_in", {field}, cp::SetLookupOptions(Json(arrow::uint64(), "[9, 2, 9, null]")));
  EXPECT_EQ(NumbersOf(is(4), "_rowid"), (std::vector<uint64_t>{4}));
  EXPECT_EQ(NumbersOf(is(-4), "_rowid"), std::vector<uint64_t>());
  EXPECT_EQ(NumbersOf(in, "_rowid"), (std::vector<uint64_t>{2, 9}));
  EXPECT_EQ(NumbersOf(Call("or_kleene", {is(7), in}), "_rowid"), (std::vector<uint64_t>{2, 7, 9}));
  EXPECT_EQ(NumbersOf(is(4), "_rowaddr"), std::nullopt);
  EXPECT_EQ(NumbersOf(Call("greater", {field, cp::literal(4)}), "_rowid"), std::nullopt);
}

}  // namespace
}  // namespace lancea
