// Plans that run: what is there already, and what users put there.
#include "lancea/exec_node.h"

#include <gtest/gtest.h>

#include <atomic>

#include "arrow/array/builder_primitive.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/compute/initialize.h"
#include "arrow/datum.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset.h"
#include "lancea/io/memory_store.h"
#include "lancea/optimizer.h"
#include "lancea/write.h"

namespace lancea {
namespace {

constexpr int64_t kRows = 1000;

// x = 0 … 999 and y = -x, in four fragments.
std::shared_ptr<const Dataset> Numbers() {
  EXPECT_TRUE(arrow::compute::Initialize().ok());
  arrow::Int64Builder x, y;
  for (int64_t i = 0; i < kRows; ++i) {
    EXPECT_TRUE(x.Append(i).ok());
    EXPECT_TRUE(y.Append(-i).ok());
  }
  auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("x", arrow::int64()), arrow::field("y", arrow::int64())}), kRows,
      {*x.Finish(), *y.Finish()});
  Host host;
  host.object_store = std::make_shared<MemoryObjectStore>();
  WriteOptions write;
  write.session = std::make_shared<Session>(Session::kDefaultCacheBytes, host);
  write.max_rows_per_file = 250;
  return WriteDataset(arrow::RecordBatchReader::Make({batch}).ValueOrDie(), "t", write)
      .ValueOrDie();
}

std::vector<int64_t> ValuesOf(const arrow::Table& table, int column = 0) {
  std::vector<int64_t> out;
  for (const auto& chunk : table.column(column)->chunks()) {
    const auto* values = chunk->data()->GetValues<int64_t>(1);
    out.insert(out.end(), values, values + chunk->length());
  }
  return out;
}

// The names of the steps, the last first: "ProjectionExec LanceRead".
std::string NamesOf(const PlanNode& node) {
  std::string out = node.name;
  for (const PlanNode& input : node.inputs) out.append(1, ' ').append(NamesOf(input));
  return out;
}

uint64_t MetricOf(const PlanNode& node, const std::string& step, const std::string& name) {
  if (node.name == step) {
    for (const auto& [metric, value] : node.metrics) {
      if (metric == name) return value;
    }
  }
  for (const PlanNode& input : node.inputs) {
    const uint64_t value = MetricOf(input, step, name);
    if (value != UINT64_MAX) return value;
  }
  return UINT64_MAX;
}

// A step of a user: the sum of all rows' first column.
class SumNode : public ExecNode {
 public:
  explicit SumNode(ExecNodePtr input)
      : ExecNode(arrow::schema({arrow::field("sum", arrow::int64())}), {std::move(input)}) {}
  arrow::Result<ExecNodePtr> WithInputs(Inputs inputs) const override {
    return std::make_shared<SumNode>(std::move(inputs[0]));
  }
  PlanNode Describe() const override {
    return {"SumExec", {{"column", schema()->field(0)->name()}}, {}, false, {}};
  }

 private:
  arrow::Result<Reader> Run(const ExecContext& context) const override {
    ARROW_ASSIGN_OR_RAISE(auto input, inputs()[0]->Stream(context));
    int64_t sum = 0;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, input->Next());
      if (batch == nullptr) break;
      const auto* values = batch->column(0)->data()->GetValues<int64_t>(1);
      for (int64_t i = 0; i < batch->num_rows(); ++i) sum += values[i];
    }
    if (context.metrics != nullptr) {
      context.metrics->Report(*this, [] { return RunMetrics::Values{{"sums", 1}}; });
    }
    arrow::Int64Builder builder;
    ARROW_RETURN_NOT_OK(builder.Append(sum));
    ARROW_ASSIGN_OR_RAISE(auto column, builder.Finish());
    return arrow::RecordBatchReader::Make({arrow::RecordBatch::Make(schema(), 1, {column})},
                                          schema());
  }
};

// A step that passes everything on and counts the batches.
class SpyNode : public ExecNode {
 public:
  SpyNode(ExecNodePtr input, std::atomic<int>* runs)
      : ExecNode(input->schema(), {input}), runs_(runs) {}
  arrow::Result<ExecNodePtr> WithInputs(Inputs inputs) const override {
    return std::make_shared<SpyNode>(std::move(inputs[0]), runs_);
  }
  PlanNode Describe() const override { return {"SpyExec", {}, {}, false, {}}; }

 private:
  arrow::Result<Reader> Run(const ExecContext& context) const override {
    ++*runs_;
    return inputs()[0]->Stream(context);
  }
  std::atomic<int>* const runs_;
};

// Puts a spy above every LanceRead.
class SpyRule : public OptimizerRule {
 public:
  explicit SpyRule(std::atomic<int>* runs) : runs_(runs) {}
  std::string name() const override { return "Spy"; }
  arrow::Result<ExecNodePtr> Apply(const ExecNodePtr& node) const override {
    if (!node->inputs().empty()) return nullptr;
    return std::make_shared<SpyNode>(node, runs_);
  }

 private:
  std::atomic<int>* const runs_;
};

class BadRule : public OptimizerRule {
 public:
  std::string name() const override { return "Bad"; }
  arrow::Result<ExecNodePtr> Apply(const ExecNodePtr& node) const override {
    if (!node->inputs().empty()) return nullptr;
    return std::make_shared<SumNode>(node);
  }
};

struct PlanCase {
  const char* name;
  ScanOptions options;
  const char* steps;
};

std::vector<PlanCase> PlanCases() {
  std::vector<PlanCase> out;
  auto add = [&](const char* name, const char* steps, auto change) {
    ScanOptions options;
    change(options);
    out.push_back({name, std::move(options), steps});
  };
  add("FullScan", "LanceRead", [](auto&) {});
  add("Limit", "LanceRead", [](auto& o) { o.limit = 10; });
  add("Filter", "ProjectionExec LanceRead", [](auto& o) { o.filter = std::string("x > 5"); });
  add("FilterAndLateColumns", "ProjectionExec Take LanceRead", [](auto& o) {
    o.filter = std::string("x > 5");
    o.late_materialization.mode = LateColumns::Mode::kAll;
  });
  add("FilterAndLimit", "ProjectionExec GlobalLimitExec LanceRead", [](auto& o) {
    o.filter = std::string("x > 5");
    o.limit = 3;
  });
  add("Order", "ProjectionExec SortExec LanceRead", [](auto& o) { o.order_by = {{"y"}}; });
  add("TopRows", "ProjectionExec Take SortExec LanceRead", [](auto& o) {
    o.order_by = {{"y"}};
    o.limit = 3;
  });
  add("TopRowsAfterOthers", "ProjectionExec Take GlobalLimitExec SortExec LanceRead", [](auto& o) {
    o.order_by = {{"y"}};
    o.limit = 3;
    o.offset = 2;
  });
  add("Computed", "ProjectionExec LanceRead", [](auto& o) { o.projections = {{{"z", "x + y"}}}; });
  add("BatchesByBytes", "StrictBatchSizeExec LanceRead", [](auto& o) { o.batch_size_bytes = 100; });
  return out;
}

TEST(ScanPlan, HasTheStepsThatAreAskedFor) {
  const auto dataset = Numbers();
  for (const PlanCase& plan : PlanCases()) {
    const auto root = PlanScan(dataset, plan.options).ValueOrDie();
    EXPECT_EQ(NamesOf(Explain(*root)), plan.steps) << plan.name;
  }
}

TEST(ScanPlan, GivesTheSameRowsAsStreamAsTableAndAsCount) {
  const auto dataset = Numbers();
  for (const PlanCase& plan : PlanCases()) {
    const auto root = PlanScan(dataset, plan.options).ValueOrDie();
    const auto table = root->ToTable({}).ValueOrDie();
    const auto streamed = root->Stream({}).ValueOrDie()->ToTable().ValueOrDie();
    EXPECT_TRUE(streamed->Equals(*table)) << plan.name;
    EXPECT_EQ(root->CountRows({}).ValueOrDie(), table->num_rows()) << plan.name;
  }
}

TEST(ScanPlan, MeasuresEveryStep) {
  ScanOptions options;
  options.filter = std::string("x >= 900");
  options.order_by = {{"y"}};
  options.limit = 7;
  const auto root = PlanScan(Numbers(), options).ValueOrDie();
  ExecContext context;
  context.metrics = std::make_shared<RunMetrics>();
  ASSERT_EQ(root->Stream(context).ValueOrDie()->ToTable().ValueOrDie()->num_rows(), 7);
  const PlanNode shown = Explain(*root, context.metrics.get());
  EXPECT_EQ(MetricOf(shown, "ProjectionExec", "output_rows"), 7);
  EXPECT_EQ(MetricOf(shown, "Take", "output_rows"), 7);
  EXPECT_EQ(MetricOf(shown, "SortExec", "output_rows"), 7);
  EXPECT_EQ(MetricOf(shown, "LanceRead", "output_rows"), 100);
  EXPECT_EQ(MetricOf(shown, "LanceRead", "rows_scanned"), 1000);
  EXPECT_EQ(MetricOf(shown, "LanceRead", "fragments_scanned"), 4);
  EXPECT_EQ(MetricOf(shown, "LanceRead", "fragments_skipped"), 0);
  EXPECT_GT(MetricOf(shown, "LanceRead", "bytes_read"), 0);
  EXPECT_NE(MetricOf(shown, "LanceRead", "bytes_read"), UINT64_MAX);
  EXPECT_NE(MetricOf(shown, "LanceRead", "cache_hits"), UINT64_MAX);
  EXPECT_NE(MetricOf(shown, "LanceRead", "cache_misses"), UINT64_MAX);
  EXPECT_NE(MetricOf(shown, "Take", "bytes_read"), UINT64_MAX);
}

TEST(ScanPlan, SkipsFragmentsOfRowsNamedByNumber) {
  ScanOptions options;
  options.filter = std::string("_rowid IN (3, 4294967297)");
  const auto root = PlanScan(Numbers(), options).ValueOrDie();
  ExecContext context;
  context.metrics = std::make_shared<RunMetrics>();
  EXPECT_EQ(ValuesOf(*root->ToTable(context).ValueOrDie()), (std::vector<int64_t>{3, 251}));
  const PlanNode shown = Explain(*root, context.metrics.get());
  EXPECT_EQ(MetricOf(shown, "LanceRead", "fragments_scanned"), 2);
  EXPECT_EQ(MetricOf(shown, "LanceRead", "fragments_skipped"), 2);
  EXPECT_EQ(MetricOf(shown, "LanceRead", "rows_scanned"), 2);
}

TEST(ExecNode, OfAUserRunsAndIsMeasuredAmongOurs) {
  ScanOptions options;
  options.columns = std::vector<std::string>{"x"};
  options.filter = std::string("x < 5");
  const auto scan = PlanScan(Numbers(), options).ValueOrDie();
  const SumNode sum(scan);
  ExecContext context;
  context.metrics = std::make_shared<RunMetrics>();
  EXPECT_EQ(ValuesOf(*sum.ToTable(context).ValueOrDie()), (std::vector<int64_t>{10}));
  const PlanNode shown = Explain(sum, context.metrics.get());
  EXPECT_EQ(NamesOf(shown), "SumExec ProjectionExec LanceRead");
  EXPECT_EQ(MetricOf(shown, "SumExec", "output_rows"), 1);
  EXPECT_EQ(MetricOf(shown, "SumExec", "sums"), 1);
  EXPECT_EQ(MetricOf(shown, "LanceRead", "output_rows"), 5);
}

TEST(OptimizerRule, OfAUserChangesAllScansUntilItIsRemoved) {
  const auto dataset = Numbers();
  std::atomic<int> runs = 0;
  AddOptimizerRule(std::make_shared<SpyRule>(&runs));
  ScanOptions options;
  options.filter = std::string("x < 5");
  const auto scanner = dataset->Scan(options).ValueOrDie();
  EXPECT_EQ(NamesOf(scanner->Plan()), "ProjectionExec SpyExec LanceRead");
  EXPECT_EQ(scanner->ToTable().ValueOrDie()->num_rows(), 5);
  EXPECT_EQ(runs, 1);
  RemoveOptimizerRule("Spy");
  EXPECT_EQ(NamesOf(dataset->Scan(options).ValueOrDie()->Plan()), "ProjectionExec LanceRead");
}

TEST(OptimizerRule, ThatChangesASchemaIsRefused) {
  const auto scan = PlanScan(Numbers()).ValueOrDie();
  const auto status = Optimize(scan, {std::make_shared<BadRule>()}).status();
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_NE(status.message().find("rule Bad"), std::string::npos) << status.message();
}

TEST(OptimizerRules, AreOursToo) {
  std::vector<std::string> names;
  for (const auto& rule : ScanRules()) names.push_back(rule->name());
  EXPECT_EQ(names, (std::vector<std::string>{"LimitIntoRead", "TopRows"}));
}

TEST(Union, OfPartsOfATableIsTheTable) {
  const auto dataset = Numbers();
  auto part = [&](std::vector<uint64_t> fragments) {
    ScanOptions options;
    options.fragment_ids = std::move(fragments);
    return PlanScan(dataset, options).ValueOrDie();
  };
  const auto all = UnionOf({part({0, 2}), part({1, 3})}).ValueOrDie();
  EXPECT_EQ(NamesOf(Explain(*all)), "UnionExec LanceRead LanceRead");
  EXPECT_EQ(all->CountRows({}).ValueOrDie(), kRows);
  auto found = ValuesOf(*all->ToTable({}).ValueOrDie());
  EXPECT_EQ(found, ValuesOf(*all->Stream({}).ValueOrDie()->ToTable().ValueOrDie()));
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, ValuesOf(*PlanScan(dataset).ValueOrDie()->ToTable({}).ValueOrDie()));
}

TEST(Union, OfDifferentSchemasIsRefused) {
  const auto dataset = Numbers();
  ScanOptions options;
  options.columns = std::vector<std::string>{"y"};
  const auto status =
      UnionOf({PlanScan(dataset).ValueOrDie(), PlanScan(dataset, options).ValueOrDie()}).status();
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_TRUE(UnionOf({}).status().IsInvalid());
}

}  // namespace
}  // namespace lancea
