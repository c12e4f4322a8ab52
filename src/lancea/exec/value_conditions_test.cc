#include "lancea/exec/value_conditions.h"

#include <limits>
#include <random>

#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/array/util.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/compute/exec.h"
#include "arrow/compute/initialize.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "gtest/gtest.h"
#include "lancea/encoding/ask_array.h"

namespace lancea {
namespace {

namespace cp = arrow::compute;

constexpr int kTables = 40;

cp::Expression Call(const char* function, std::vector<cp::Expression> arguments) {
  return cp::call(function, std::move(arguments));
}

// What Arrow answers; null counts as false.
void ExpectAsArrowAnswers(const cp::Expression& condition, const std::shared_ptr<arrow::Array>& x,
                          bool* is_value_condition) {
  SCOPED_TRACE(condition.ToString() + " over " + x->type()->ToString());
  const auto schema = arrow::schema({arrow::field("x", x->type())});
  const auto bound = condition.Bind(*schema).ValueOrDie();
  const auto value_condition = AsValueCondition(bound);
  *is_value_condition = value_condition.has_value();
  if (!value_condition) return;
  const arrow::Datum answer =
      cp::ExecuteScalarExpression(bound, cp::ExecBatch({x}, x->length())).ValueOrDie();
  const auto expected = answer.is_scalar()
                            ? arrow::MakeArrayFromScalar(*answer.scalar(), x->length()).ValueOrDie()
                            : answer.make_array();
  const auto& booleans = static_cast<const arrow::BooleanArray&>(*expected);
  const auto got =
      AskArray(*value_condition, *x->data(), arrow::default_memory_pool()).ValueOrDie();
  ASSERT_NE(got, nullptr);
  for (int64_t i = 0; i < x->length(); ++i) {
    ASSERT_EQ(got->Value(i), booleans.IsValid(i) && booleans.Value(i))
        << x->GetScalar(i).ValueOrDie()->ToString();
  }
}

const char* const kComparisons[] = {"equal",      "not_equal", "less",
                                    "less_equal", "greater",   "greater_equal"};

template <typename Type>
class NumbersOf : public testing::Test {};
using NumberTypes =
    testing::Types<arrow::Int8Type, arrow::UInt8Type, arrow::Int16Type, arrow::UInt16Type,
                   arrow::Int32Type, arrow::UInt32Type, arrow::Int64Type, arrow::UInt64Type,
                   arrow::FloatType, arrow::DoubleType>;
TYPED_TEST_SUITE(NumbersOf, NumberTypes);

template <typename Value>
Value AnyValue(std::mt19937_64* random) {
  if constexpr (std::is_floating_point_v<Value>) {
    using Limits = std::numeric_limits<Value>;
    constexpr Value kSpecial[] = {0,
                                  -Value{0},
                                  Limits::infinity(),
                                  -Limits::infinity(),
                                  Limits::quiet_NaN(),
                                  Limits::denorm_min(),
                                  Limits::lowest()};
    const uint64_t pick = (*random)() % 20;
    if (pick < std::size(kSpecial)) return kSpecial[pick];
    return static_cast<Value>(static_cast<int64_t>((*random)() % 41) - 20) / 4;
  } else {
    const uint64_t pick = (*random)() % 8;
    if (pick == 0) return std::numeric_limits<Value>::min();
    if (pick == 1) return std::numeric_limits<Value>::max();
    if (pick == 2) return static_cast<Value>((*random)());
    return static_cast<Value>((*random)() % 50);
  }
}

template <typename Type>
std::shared_ptr<arrow::Array> AnyNumbers(std::mt19937_64* random, int64_t count, bool nulls) {
  typename arrow::TypeTraits<Type>::BuilderType builder;
  for (int64_t i = 0; i < count; ++i) {
    const bool null = nulls && (*random)() % 5 == 0;
    EXPECT_TRUE(
        (null ? builder.AppendNull() : builder.Append(AnyValue<typename Type::c_type>(random)))
            .ok());
  }
  return builder.Finish().ValueOrDie();
}

TYPED_TEST(NumbersOf, AreComparedAsArrowCompares) {
  ASSERT_TRUE(cp::Initialize().ok());
  using Value = typename TypeParam::c_type;
  std::mt19937_64 random(1);
  for (int table = 0; table < kTables; ++table) {
    const auto x = AnyNumbers<TypeParam>(&random, static_cast<int64_t>(random() % 2500), table % 2)
                       ->Slice(table % 3);
    for (const char* comparison : kComparisons) {
      const auto literal =
          cp::literal(std::make_shared<typename arrow::TypeTraits<TypeParam>::ScalarType>(
              AnyValue<Value>(&random)));
      const bool mirrored = random() % 3 == 0;
      auto condition = mirrored ? Call(comparison, {literal, cp::field_ref("x")})
                                : Call(comparison, {cp::field_ref("x"), literal});
      if (random() % 3 == 0) condition = Call("invert", {condition});
      bool known = false;
      ExpectAsArrowAnswers(condition, x, &known);
      EXPECT_TRUE(known);
    }
  }
}

TYPED_TEST(NumbersOf, AreFoundInSets) {
  ASSERT_TRUE(cp::Initialize().ok());
  using Options = cp::SetLookupOptions;
  std::mt19937_64 random(2);
  for (int table = 0; table < kTables; ++table) {
    const auto x = AnyNumbers<TypeParam>(&random, 2000, table % 2);
    const int64_t size = table % 4 == 0 ? 3 : table % 4 == 1 ? 20 : 2000;
    const auto set = AnyNumbers<TypeParam>(&random, size, table % 3 == 0);
    for (const auto behavior : {Options::INCONCLUSIVE, Options::MATCH, Options::SKIP}) {
      auto condition = cp::call("is_in", {cp::field_ref("x")}, Options(set, behavior));
      bool known = false;
      ExpectAsArrowAnswers(condition, x, &known);
      EXPECT_EQ(known || arrow::is_floating(TypeParam::type_id) || set->null_count() > 0, true);
      ExpectAsArrowAnswers(Call("invert", {condition}), x, &known);
    }
  }
}

TEST(Numbers, FarApartAreFoundInSetsToo) {
  ASSERT_TRUE(cp::Initialize().ok());
  std::mt19937_64 random(3);
  for (const uint64_t span : {30u, 10'000u, 5'000'000u, 4'000'000'000u}) {
    arrow::Int64Builder values, set;
    for (int i = 0; i < 3000; ++i) {
      const auto value = static_cast<int64_t>(random() % span) - 10;
      ASSERT_TRUE(values.Append(value).ok());
      if (i % 7 != 0) continue;
      ASSERT_TRUE(set.Append(value).ok());
    }
    ASSERT_TRUE(set.Append(0).ok());
    bool known = false;
    ExpectAsArrowAnswers(cp::call("is_in", {cp::field_ref("x")},
                                  cp::SetLookupOptions(set.Finish().ValueOrDie(),
                                                       cp::SetLookupOptions::INCONCLUSIVE)),
                         values.Finish().ValueOrDie(), &known);
    EXPECT_TRUE(known);
  }
}

TEST(Numbers, OfARangeAreOneCondition) {
  ASSERT_TRUE(cp::Initialize().ok());
  std::mt19937_64 random(4);
  const auto x = AnyNumbers<arrow::Int32Type>(&random, 3000, true);
  for (int32_t low = -2; low < 52; low += 6) {
    for (int32_t high = -2; high < 52; high += 9) {
      bool known = false;
      ExpectAsArrowAnswers(
          Call("and_kleene", {Call("greater", {cp::field_ref("x"), cp::literal(low)}),
                              Call("less_equal", {cp::field_ref("x"), cp::literal(high)})}),
          x, &known);
      EXPECT_TRUE(known);
    }
  }
}

std::string AnyText(std::mt19937_64* random) {
  static constexpr std::string_view kParts[] = {"a", "b", "ab", "sly ", "special ", "requests"};
  std::string out;
  for (uint64_t i = random->operator()() % 7; i > 0; --i) out += kParts[(*random)() % 6];
  return out;
}

TEST(Texts, AreComparedAsTheyAreOneByOne) {
  ASSERT_TRUE(cp::Initialize().ok());
  std::mt19937_64 random(5);
  using Kind = TextCondition::Kind;
  for (int table = 0; table < 300; ++table) {
    arrow::StringBuilder builder;
    std::vector<std::string> texts;
    const uint64_t count = random() % 200;
    for (uint64_t i = 0; i < count; ++i) {
      texts.push_back(AnyText(&random));
      ASSERT_TRUE(builder.Append(texts.back()).ok());
    }
    const auto x = builder.Finish().ValueOrDie();
    const std::string text = AnyText(&random);
    const bool negated = random() % 2 == 0;
    const std::vector<std::string> set = {AnyText(&random), text, AnyText(&random)};
    for (const Kind kind :
         {Kind::kEqual, Kind::kPrefix, Kind::kSuffix, Kind::kContains, Kind::kAnyOf}) {
      const ValueCondition condition(kind == Kind::kAnyOf ? TextCondition::AnyOf(set, negated)
                                                          : TextCondition(kind, text, negated));
      const auto got = AskArray(condition, *x->data(), arrow::default_memory_pool()).ValueOrDie();
      for (size_t i = 0; i < texts.size(); ++i) {
        const std::string& value = texts[i];
        const bool holds = kind == Kind::kEqual    ? value == text
                           : kind == Kind::kPrefix ? value.starts_with(text)
                           : kind == Kind::kSuffix ? value.ends_with(text)
                           : kind == Kind::kContains
                               ? value.find(text) != std::string::npos
                               : std::find(set.begin(), set.end(), value) != set.end();
        ASSERT_EQ(got->Value(static_cast<int64_t>(i)), holds != negated)
            << "\"" << value << "\" and \"" << text << "\", kind " << static_cast<int>(kind);
      }
    }
  }
}

TEST(Texts, EqualityAndSetsAreThoseOfArrow) {
  ASSERT_TRUE(cp::Initialize().ok());
  std::mt19937_64 random(6);
  arrow::StringBuilder builder;
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE((i % 9 == 0 ? builder.AppendNull() : builder.Append(AnyText(&random))).ok());
  }
  const auto x = builder.Finish().ValueOrDie()->Slice(3);
  for (const char* text : {"", "a", "ab", "absly ", "nowhere"}) {
    for (const char* function : {"equal", "not_equal"}) {
      const auto condition = Call(function, {cp::field_ref("x"), cp::literal(text)});
      bool known = false;
      ExpectAsArrowAnswers(condition, x, &known);
      EXPECT_TRUE(known);
      ExpectAsArrowAnswers(Call("invert", {condition}), x, &known);
      EXPECT_TRUE(known);
    }
  }
}

TEST(ValueConditions, AreNoneWhereNullOrAnotherColumnCounts) {
  ASSERT_TRUE(cp::Initialize().ok());
  const auto schema = arrow::schema({arrow::field("x", arrow::int32())});
  const auto x = cp::field_ref("x");
  for (const auto& condition :
       {Call("is_null", {x}), Call("equal", {x, x}),
        Call("coalesce", {Call("less", {x, cp::literal(3)}), cp::literal(true)}),
        Call("or_kleene", {Call("less", {x, cp::literal(3)}), Call("is_null", {x})}),
        Call("equal", {Call("add", {x, cp::literal(1)}), cp::literal(1)})}) {
    EXPECT_FALSE(AsValueCondition(condition.Bind(*schema).ValueOrDie()).has_value())
        << condition.ToString();
  }
}

}  // namespace
}  // namespace lancea
