// What follows from the bounds of values holds for every value between them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include "lancea/encoding/number_condition.h"
#include "lancea/encoding/text_condition.h"

namespace lancea {
namespace {

using Wide = NumberCondition::Wide;
using Order = NumberCondition::Order;

bool Ask(const NumberCondition& condition, int16_t value) {
  uint8_t answer = 2;
  condition.Ask(reinterpret_cast<const uint8_t*>(&value), 1, &answer);
  return answer != 0;
}

TEST(NumberCondition, AnswersOfAnIntervalAreThoseOfItsValues) {
  std::mt19937 random(5);
  auto any = [&] { return static_cast<int>(random() % 60) - 30; };
  int num_known = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<Wide> some;
    for (unsigned n = random() % 6; n > 0; --n) some.push_back(any());
    const bool negated = random() % 2 == 0;
    const auto condition = random() % 2 == 0
                               ? NumberCondition::Between(Order::kSigned, 2, any(), any(), negated)
                               : NumberCondition::AnyOf(Order::kSigned, 2, some, negated);
    const int low = any(), high = low + static_cast<int>(random() % 20);
    const auto answer = condition.AnswerWithin(low, high);
    if (!answer.has_value()) continue;
    ++num_known;
    for (int value = low; value <= high; ++value) {
      ASSERT_EQ(Ask(condition, static_cast<int16_t>(value)), *answer) << value;
    }
  }
  EXPECT_GT(num_known, 400);
}

TEST(NumberCondition, SeesAValueAsItComparesIt) {
  const int8_t small = -3;
  const auto* bytes = reinterpret_cast<const uint8_t*>(&small);
  EXPECT_TRUE(NumberCondition::Between(Order::kSigned, 1, 0, 0, false).WideOf(bytes) == -3);
  EXPECT_TRUE(NumberCondition::Between(Order::kUnsigned, 1, 0, 0, false).WideOf(bytes) == 253);
  for (const double value : {-2.5, -0.0, 0.0, 1e300}) {
    const auto condition = NumberCondition::Between(Order::kFloat, 8, 0, 0, false);
    EXPECT_TRUE(condition.WideOf(reinterpret_cast<const uint8_t*>(&value)) ==
                NumberCondition::PlaceOf(value));
  }
}

TEST(TextCondition, AnswersOfAnIntervalAreThoseOfItsTexts) {
  std::mt19937 random(6);
  auto any = [&] {
    std::string text;
    for (unsigned n = random() % 4; n > 0; --n) text += "ab\xff"[random() % 3];
    return text;
  };
  using Kind = TextCondition::Kind;
  int num_known = 0;
  for (int round = 0; round < 4000; ++round) {
    const Kind kinds[] = {Kind::kEqual, Kind::kPrefix, Kind::kSuffix, Kind::kContains};
    const bool negated = random() % 2 == 0;
    const auto condition = random() % 5 == 0 ? TextCondition::AnyOf({any(), any()}, negated)
                                             : TextCondition(kinds[random() % 4], any(), negated);
    const std::string first = any(), second = any();
    const std::string low = std::min(first, second), high = std::max(first, second);
    const bool has_low = random() % 4 != 0, has_high = random() % 4 != 0;
    const auto answer =
        condition.AnswerWithin(has_low ? std::optional<std::string_view>(low) : std::nullopt,
                               has_high ? std::optional<std::string_view>(high) : std::nullopt);
    if (!answer.has_value()) continue;
    ++num_known;
    for (int i = 0; i < 50; ++i) {
      const std::string text = any();
      if ((has_low && text < low) || (has_high && text > high)) continue;
      ASSERT_EQ(condition.Ask(text), *answer) << text;
    }
  }
  EXPECT_GT(num_known, 400);
}

}  // namespace
}  // namespace lancea
