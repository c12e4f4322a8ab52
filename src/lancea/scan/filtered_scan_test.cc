#include <gtest/gtest.h>

#include <random>

#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/compute/expression.h"
#include "arrow/compute/initialize.h"
#include "arrow/datum.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset.h"
#include "lancea/io/memory_store.h"
#include "lancea/write.h"

namespace lancea {
namespace {

namespace cp = arrow::compute;

constexpr int64_t kRows = 30'000;
const char* const kModes[] = {"AIR", "RAIL", "SHIP", "TRUCK", ""};

// id, kind (of few values, some null), text (of many), constant.
std::shared_ptr<arrow::RecordBatch> Rows() {
  std::mt19937_64 random(1);
  arrow::Int64Builder ids, constants;
  arrow::StringBuilder kinds, texts;
  for (int64_t i = 0; i < kRows; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE(constants.Append(7).ok());
    const auto kind = random() % 6;
    EXPECT_TRUE(kind == 5 ? kinds.AppendNull().ok() : kinds.Append(kModes[kind]).ok());
    EXPECT_TRUE(texts.Append("text " + std::to_string(random() % 10'000)).ok());
  }
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("kind", arrow::utf8()),
                     arrow::field("text", arrow::utf8()),
                     arrow::field("constant", arrow::int64())}),
      kRows, {*ids.Finish(), *kinds.Finish(), *texts.Finish(), *constants.Finish()});
}

cp::Expression Compare(const char* how, const char* field, cp::Expression with) {
  return cp::call(how, {cp::field_ref(field), std::move(with)});
}

std::shared_ptr<arrow::Table> Window(const std::shared_ptr<arrow::Table>& table, int64_t offset,
                                     int64_t limit) {
  return table->Slice(std::min(offset, table->num_rows()), limit);
}

struct FilterCase {
  const char* name;
  cp::Expression filter;
};

std::vector<FilterCase> FilterCases() {
  const auto first = Compare("less", "id", cp::literal(int64_t{40}));
  const auto most = Compare("greater", "id", cp::literal(int64_t{300}));
  const auto rail = Compare("equal", "kind", cp::literal("RAIL"));
  const auto text = Compare("less", "text", cp::literal("text 2"));
  const auto constant = Compare("equal", "constant", cp::literal(int64_t{7}));
  return {
      {"FewRows", first},
      {"MostRows", most},
      {"FewDistinctValues", rail},
      {"ManyDistinctValues", text},
      {"ConstantColumn", constant},
      {"NoRow", Compare("equal", "constant", cp::literal(int64_t{8}))},
      {"Null", cp::call("is_null", {cp::field_ref("kind")})},
      {"And", cp::and_({text, rail, most})},
      {"Or", cp::or_({first, rail})},
      {"Columns", cp::and_({rail, Compare("less", "constant", cp::field_ref("id"))})},
      {"True", cp::literal(true)},
      {"False", cp::literal(false)},
  };
}

class ScanWithFilter : public testing::TestWithParam<FilterCase> {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(cp::Initialize().ok());
    Host host;
    host.object_store = std::make_shared<MemoryObjectStore>();
    WriteOptions options;
    options.mode = WriteMode::kCreate;
    options.session = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
    options.max_rows_per_file = 11'000;
    auto rows = arrow::RecordBatchReader::Make({Rows()}).ValueOrDie();
    dataset_ = WriteDataset(rows, "table", options).ValueOrDie();
  }
  static void TearDownTestSuite() { dataset_.reset(); }

  // What Arrow keeps.
  std::shared_ptr<arrow::Table> Expected(const std::vector<int>& columns) {
    const auto all = arrow::Table::FromRecordBatches({Rows()}).ValueOrDie();
    const auto bound = GetParam().filter.Bind(*all->schema()).ValueOrDie();
    auto mask =
        cp::ExecuteScalarExpression(bound, *all->schema(), arrow::Datum(Rows())).ValueOrDie();
    const auto some = all->SelectColumns(columns).ValueOrDie();
    if (mask.is_scalar()) return some->Slice(0, mask.scalar()->ToString() == "true" ? kRows : 0);
    return cp::Filter(some, mask).ValueOrDie().table();
  }

  ScanOptions Options() {
    ScanOptions options;
    options.filter_expression = std::make_shared<const cp::Expression>(GetParam().filter);
    return options;
  }

  static std::shared_ptr<Dataset> dataset_;
};

std::shared_ptr<Dataset> ScanWithFilter::dataset_;

TEST_P(ScanWithFilter, GivesTheRowsThatArrowKeeps) {
  for (const auto mode :
       {LateColumns::Mode::kByCost, LateColumns::Mode::kAll, LateColumns::Mode::kNone}) {
    ScanOptions options = Options();
    options.late_materialization.mode = mode;
    const auto scanner = dataset_->Scan(options).ValueOrDie();
    const auto expected = Expected({0, 1, 2, 3});
    const auto table = scanner->ToTable();
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_TRUE((*table)->ValidateFull().ok());
    EXPECT_TRUE((*table)->Equals(*expected));
    EXPECT_TRUE((*scanner->ToReader())->ToTable().ValueOrDie()->Equals(*expected));
    EXPECT_EQ(scanner->CountRows().ValueOrDie(), expected->num_rows());
  }
}

TEST_P(ScanWithFilter, LimitsTheRowsThatAreLeft) {
  const auto expected = Expected({2, 0});
  for (const auto& [offset, limit] : {std::pair{0, 5}, {17, 1000}, {0, 0}, {29'000, 5000}}) {
    ScanOptions options = Options();
    options.columns = {"text", "id"};
    options.offset = offset;
    options.limit = limit;
    const auto scanner = dataset_->Scan(options).ValueOrDie();
    const auto wanted = Window(expected, offset, limit);
    EXPECT_TRUE(scanner->ToTable().ValueOrDie()->Equals(*wanted));
    EXPECT_EQ(scanner->CountRows().ValueOrDie(), wanted->num_rows());
  }
}

TEST_P(ScanWithFilter, BatchesAreFullButTheLast) {
  ScanOptions options = Options();
  options.batch_size = 100;
  const auto reader = dataset_->Scan(options).ValueOrDie()->ToReader().ValueOrDie();
  int64_t rows = 0;
  bool ended = false;
  while (const auto batch = reader->Next().ValueOrDie()) {
    EXPECT_FALSE(ended);
    EXPECT_LE(batch->num_rows(), 100);
    ended = batch->num_rows() < 100;
    rows += batch->num_rows();
  }
  EXPECT_EQ(rows, Expected({0})->num_rows());
}

TEST_P(ScanWithFilter, ComesInAnyOrderThatKeysWant) {
  auto expected = Expected({0, 2});
  const cp::SortOptions by({cp::SortKey("text", cp::SortOrder::Descending), cp::SortKey("id")});
  const auto order = cp::SortIndices(expected, by).ValueOrDie();
  expected = cp::Take(expected, order).ValueOrDie().table();
  for (const uint64_t memory : {uint64_t{1} << 30, uint64_t{100'000}}) {
    ScanOptions options = Options();
    options.columns = {"id", "text"};
    options.order_by = {{"text", false, false}, {"id", true, false}};
    options.sort_memory = memory;
    EXPECT_TRUE(dataset_->Scan(options).ValueOrDie()->ToTable().ValueOrDie()->Equals(*expected));
    options.limit = 321;
    options.offset = 3;
    EXPECT_TRUE(dataset_->Scan(options).ValueOrDie()->ToTable().ValueOrDie()->Equals(
        *Window(expected, 3, 321)));
  }
}

INSTANTIATE_TEST_SUITE_P(Filters, ScanWithFilter, testing::ValuesIn(FilterCases()),
                         [](const auto& info) { return info.param.name; });

TEST(ScanPlan, TellsOfScannedAndTakenRows) {
  Host host;
  host.object_store = std::make_shared<MemoryObjectStore>();
  WriteOptions write;
  write.session = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
  auto rows = arrow::RecordBatchReader::Make({Rows()}).ValueOrDie();
  const auto dataset = WriteDataset(rows, "table", write).ValueOrDie();
  ScanOptions options;
  options.columns = {"id", "text"};
  options.filter_expression =
      std::make_shared<const cp::Expression>(Compare("less", "id", cp::literal(int64_t{40})));
  const auto scanner = dataset->Scan(options).ValueOrDie();
  const PlanNode take = scanner->Plan().inputs.at(0);
  EXPECT_EQ(take.name, "Take");
  EXPECT_EQ(take.inputs.at(0).name, "LanceRead");
  const std::string text = scanner->AnalyzePlan().ValueOrDie();
  EXPECT_NE(text.find("rows_scanned=30000"), std::string::npos) << text;
  EXPECT_NE(text.find("output_rows=40"), std::string::npos) << text;
}

TEST(PinnedRows, AreReadWithoutLookingAtOthers) {
  Host host;
  host.object_store = std::make_shared<MemoryObjectStore>();
  WriteOptions write;
  write.session = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
  write.max_rows_per_file = 11'000;
  auto rows = arrow::RecordBatchReader::Make({Rows()}).ValueOrDie();
  const auto dataset = WriteDataset(rows, "table", write).ValueOrDie();
  struct {
    const char* column;
    uint64_t number;
    std::vector<int64_t> ids;
  } cases[] = {
      {"_rowid", uint64_t{1} << 32 | 5, {11'005}},
      {"_rowaddr", uint64_t{2} << 32, {22'000}},
      {"_rowoffset", 29'999, {29'999}},
      {"_rowoffset", 30'000, {}},
      {"_rowid", uint64_t{9} << 32, {}},
      {"_rowid", 11'000, {}},
  };
  for (const auto& [column, number, ids] : cases) {
    ScanOptions options;
    options.columns = {"id"};
    options.counters = std::make_shared<ScanCounters>();
    options.filter_expression =
        std::make_shared<const cp::Expression>(Compare("equal", column, cp::literal(number)));
    const auto table = dataset->Scan(options).ValueOrDie()->ToTable().ValueOrDie();
    std::vector<int64_t> got;
    for (const auto& chunk : table->column(0)->chunks()) {
      const auto* values = chunk->data()->GetValues<int64_t>(1);
      got.insert(got.end(), values, values + chunk->length());
    }
    EXPECT_EQ(got, ids) << column << " = " << number;
    EXPECT_EQ(options.counters->rows_scanned.load(), ids.size());
  }
}

}  // namespace
}  // namespace lancea
