#include "lancea/exec/selection.h"

#include <gtest/gtest.h>

#include <random>

#include "arrow/array/array_primitive.h"
#include "arrow/array/builder_primitive.h"

namespace lancea {
namespace {

std::shared_ptr<arrow::BooleanArray> Answers(const std::vector<int>& values) {
  arrow::BooleanBuilder builder;
  for (const int value : values) {
    EXPECT_TRUE((value < 0 ? builder.AppendNull() : builder.Append(value != 0)).ok());
  }
  return std::static_pointer_cast<arrow::BooleanArray>(builder.Finish().ValueOrDie());
}

std::vector<std::pair<uint64_t, uint64_t>> Pairs(const std::vector<RowRange>& ranges) {
  std::vector<std::pair<uint64_t, uint64_t>> out;
  for (const RowRange& range : ranges) out.emplace_back(range.start, range.end);
  return out;
}

TEST(Selection, KeepsRowsForWhichAnswersAreTrueAndNotThoseOfNull) {
  Selection selection(5);
  selection.Keep(0, *Answers({1, 0, -1, 1, 1}));
  EXPECT_EQ(selection.Positions(), (std::vector<uint32_t>{0, 3, 4}));
  EXPECT_EQ(selection.num_runs(), 2);
}

TEST(Selection, PicksRangesAcrossThoseOfItsRows) {
  Selection selection(8);
  selection.Keep(0, *Answers({1, 0, 1, 1, 0, 0, 1, 1}));
  const std::vector<RowRange> rows{{10, 14}, {40, 44}};
  EXPECT_EQ(Pairs(selection.Pick(rows)),
            (std::vector<std::pair<uint64_t, uint64_t>>{{10, 11}, {12, 14}, {42, 44}}));
}

TEST(Selection, AgreesWithAVectorOfBools) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 300; ++round) {
    const int64_t num_rows = static_cast<int64_t>(random() % 400);
    Selection selection(num_rows);
    std::vector<bool> expected(static_cast<size_t>(num_rows), true);
    for (int step = 0; step < 3; ++step) {
      const auto begin = static_cast<int64_t>(num_rows == 0 ? 0 : random() % num_rows);
      const auto length = static_cast<int64_t>(random() % (num_rows - begin + 1));
      std::vector<int> answers(static_cast<size_t>(length));
      for (int64_t i = 0; i < length; ++i) {
        const int answer = static_cast<int>(random() % 5) - 1;
        answers[static_cast<size_t>(i)] = answer;
        if (answer <= 0) expected[static_cast<size_t>(begin + i)] = false;
      }
      // Slices have offsets that are no multiples of 8.
      answers.insert(answers.begin(), 3, 1);
      selection.Keep(begin, static_cast<const arrow::BooleanArray&>(*Answers(answers)->Slice(3)));
    }
    std::vector<uint32_t> left;
    for (size_t i = 0; i < expected.size(); ++i) {
      if (expected[i]) left.push_back(static_cast<uint32_t>(i));
    }
    ASSERT_EQ(selection.Positions(), left);
    ASSERT_EQ(selection.count(), static_cast<int64_t>(left.size()));
    Selection of_left(selection.count());
    std::vector<uint32_t> kept;
    std::vector<int> answers;
    for (const uint32_t row : left) {
      answers.push_back(static_cast<int>(random() % 2));
      if (answers.back() != 0) kept.push_back(row);
    }
    of_left.Keep(0, *Answers(answers));
    selection.KeepOfLeft(of_left);
    ASSERT_EQ(selection.Positions(), kept);
    const RowRange all{7, 7 + static_cast<uint64_t>(num_rows)};
    if (num_rows > 0) {
      std::vector<uint32_t> picked;
      const auto ranges = selection.Pick({&all, 1});
      ASSERT_EQ(static_cast<int64_t>(ranges.size()), selection.num_runs());
      for (const RowRange& range : ranges) {
        for (uint64_t row = range.start; row < range.end; ++row) {
          picked.push_back(static_cast<uint32_t>(row - 7));
        }
      }
      ASSERT_EQ(picked, kept);
    }
  }
}

}  // namespace
}  // namespace lancea
