// Conditions that pages are asked keep the rows that Arrow keeps, whatever the file stores and whichever
// columns are returned.
#include <gtest/gtest.h>

#include <random>

#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/compute/expression.h"
#include "arrow/compute/initialize.h"
#include "arrow/datum.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset.h"
#include "lancea/io/memory_store.h"
#include "lancea/write.h"

namespace lancea {
namespace {

namespace cp = arrow::compute;

constexpr int64_t kRows = 9000;

// Columns that files store in different ways: packed, in runs, sorted, by a dictionary, as codes, plain.
std::shared_ptr<arrow::RecordBatch> AnyRows(std::mt19937_64* random) {
  const char* const words[] = {"sly", "careful", "requests", "special", "the", "a"};
  arrow::Int32Builder packed;
  arrow::Int16Builder runs;
  arrow::Int64Builder sorted;
  arrow::DoubleBuilder price;
  arrow::StringBuilder few, letter, comment;
  int16_t run = 0;
  int64_t last = 0;
  auto null = [&] { return (*random)() % 8 == 0; };
  for (int64_t i = 0; i < kRows; ++i) {
    if ((*random)() % 50 == 0) run = static_cast<int16_t>((*random)() % 9) - 4;
    last += static_cast<int64_t>((*random)() % 3);
    std::string text;
    for (uint64_t n = (*random)() % 6; n > 0; --n) {
      text += words[(*random)() % 6] + std::string(" ");
    }
    EXPECT_TRUE(
        (null() ? packed.AppendNull() : packed.Append(static_cast<int32_t>((*random)() % 1000)))
            .ok());
    EXPECT_TRUE(runs.Append(run).ok());
    EXPECT_TRUE(sorted.Append(last).ok());
    EXPECT_TRUE(
        (null() ? price.AppendNull() : price.Append(static_cast<double>((*random)() % 90) / 4))
            .ok());
    EXPECT_TRUE((null() ? few.AppendNull() : few.Append(words[(*random)() % 5])).ok());
    EXPECT_TRUE(letter.Append((*random)() % 2 == 0 ? "O" : "F").ok());
    EXPECT_TRUE((null() ? comment.AppendNull() : comment.Append(text)).ok());
  }
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("packed", arrow::int32()), arrow::field("runs", arrow::int16()),
                     arrow::field("sorted", arrow::int64()),
                     arrow::field("price", arrow::float64()), arrow::field("few", arrow::utf8()),
                     arrow::field("letter", arrow::utf8()),
                     arrow::field("comment", arrow::utf8())}),
      kRows,
      {*packed.Finish(), *runs.Finish(), *sorted.Finish(), *price.Finish(), *few.Finish(),
       *letter.Finish(), *comment.Finish()});
}

cp::Expression AnyComparison(std::mt19937_64* random) {
  const char* const comparisons[] = {"equal",      "not_equal", "less",
                                     "less_equal", "greater",   "greater_equal"};
  const char* const comparison = comparisons[(*random)() % 6];
  const char* const texts[] = {"sly", "careful ", "special requests ", "the a ", "", "O"};
  const char* const text = texts[(*random)() % 6];
  auto compare = [&](const char* field, cp::Expression with) {
    return cp::call(comparison, {cp::field_ref(field), std::move(with)});
  };
  switch ((*random)() % 9) {
    case 0:
      return compare("packed", cp::literal(static_cast<int32_t>((*random)() % 1100) - 50));
    case 1:
      return compare("runs", cp::literal(static_cast<int16_t>((*random)() % 9 - 4)));
    case 2:
      return compare("sorted", cp::literal(static_cast<int64_t>((*random)() % kRows)));
    case 3:
      return compare("price", cp::literal(static_cast<double>((*random)() % 90) / 4));
    case 4: {
      arrow::Int32Builder set;
      for (uint64_t n = (*random)() % 40; n > 0; --n) {
        EXPECT_TRUE(set.Append(static_cast<int32_t>((*random)() % 1000)).ok());
      }
      return cp::call(
          "is_in", {cp::field_ref("packed")},
          cp::SetLookupOptions(set.Finish().ValueOrDie(), cp::SetLookupOptions::INCONCLUSIVE));
    }
    case 5:
      return cp::call("equal", {cp::field_ref("few"), cp::literal(text)});
    case 6:
      return cp::call("equal", {cp::field_ref("letter"), cp::literal(text)});
    case 7:
      return cp::call((*random)() % 2 == 0 ? "starts_with" : "match_substring",
                      {cp::field_ref("comment")}, cp::MatchSubstringOptions(text));
    default:
      return cp::call("not_equal", {cp::field_ref("comment"), cp::literal(text)});
  }
}

cp::Expression AnyFilter(std::mt19937_64* random, int depth) {
  const uint64_t pick = (*random)() % 10;
  if (depth == 0 || pick < 4) {
    auto out = AnyComparison(random);
    return pick == 0 ? cp::not_(std::move(out)) : out;
  }
  auto left = AnyFilter(random, depth - 1);
  auto right = AnyFilter(random, depth - 1);
  return pick < 8 ? cp::and_(std::move(left), std::move(right))
                  : cp::or_(std::move(left), std::move(right));
}

class EncodedFilters : public testing::TestWithParam<const char*> {};

TEST_P(EncodedFilters, KeepTheRowsThatArrowKeeps) {
  ASSERT_TRUE(cp::Initialize().ok());
  std::mt19937_64 random(7);
  const auto rows = AnyRows(&random);
  Host host;
  host.object_store = std::make_shared<MemoryObjectStore>();
  WriteOptions write;
  write.mode = WriteMode::kCreate;
  write.session = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
  write.max_rows_per_file = 5000;
  write.data_storage_version = GetParam();
  const auto dataset =
      WriteDataset(arrow::RecordBatchReader::Make({rows}).ValueOrDie(), "table", write)
          .ValueOrDie();
  const auto all = arrow::Table::FromRecordBatches({rows}).ValueOrDie();
  const std::vector<std::vector<int>> projections = {{2}, {0, 6}, {4, 5}, {0, 1, 2, 3, 4, 5, 6}};
  for (int round = 0; round < 120; ++round) {
    const cp::Expression filter = AnyFilter(&random, 2);
    SCOPED_TRACE(filter.ToString());
    const auto bound = filter.Bind(*all->schema()).ValueOrDie();
    const auto mask =
        cp::ExecuteScalarExpression(bound, *all->schema(), arrow::Datum(rows)).ValueOrDie();
    const auto& columns = projections[static_cast<size_t>(round) % projections.size()];
    const auto some = all->SelectColumns(columns).ValueOrDie();
    const auto expected = cp::Filter(some, mask).ValueOrDie().table();
    ScanOptions options;
    options.filter_expression = std::make_shared<const cp::Expression>(filter);
    options.columns.emplace();
    for (const auto& field : some->schema()->fields()) options.columns->push_back(field->name());
    if (round % 5 == 1) options.late_materialization.mode = LateColumns::Mode::kAll;
    if (round % 5 == 2) options.late_materialization.mode = LateColumns::Mode::kNone;
    const auto scanner = dataset->Scan(options).ValueOrDie();
    const auto got = scanner->ToTable();
    ASSERT_TRUE(got.ok()) << got.status().ToString();
    ASSERT_TRUE((*got)->Equals(*expected))
        << (*got)->num_rows() << " rows, expected " << expected->num_rows();
    ASSERT_EQ(dataset->Scan(options).ValueOrDie()->CountRows().ValueOrDie(), expected->num_rows());
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, EncodedFilters, testing::Values("2.0", "2.1", "2.2", "2.3"),
                         [](const auto& info) {
                           std::string name = info.param;
                           name[1] = '_';
                           return "V" + name;
                         });

}  // namespace
}  // namespace lancea
