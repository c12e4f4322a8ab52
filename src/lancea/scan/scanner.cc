#include "lancea/scanner.h"

#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/scan/plan_scan.h"

namespace lancea {
namespace {

using Reader = std::shared_ptr<arrow::RecordBatchReader>;

// Keeps what a stream reads from.
class OwningReader : public arrow::RecordBatchReader {
 public:
  OwningReader(ScanPlan plan, Reader inner) : plan_(std::move(plan)), inner_(std::move(inner)) {}
  ~OwningReader() override { inner_.reset(); }
  std::shared_ptr<arrow::Schema> schema() const override { return inner_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    return inner_->ReadNext(batch);
  }
  arrow::Status Close() override { return inner_->Close(); }

 private:
  const ScanPlan plan_;
  Reader inner_;
};

// The details that a plan is long for: paths, and orders as they are bound.
void Shorten(PlanNode* node) {
  std::erase_if(node->details, [](const auto& detail) { return detail.first == "uri"; });
  for (PlanNode& input : node->inputs) Shorten(&input);
}

}  // namespace

class Scanner::Impl {
 public:
  explicit Impl(ScanPlan plan_in) : plan(std::move(plan_in)) {}
  const ScanPlan plan;
};

Scanner::Scanner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Scanner::~Scanner() = default;

arrow::Result<std::shared_ptr<Scanner>> Scanner::Make(std::shared_ptr<const Dataset> dataset,
                                                      ScanOptions options) {
  ARROW_ASSIGN_OR_RAISE(ScanPlan plan, ScanPlan::Make(std::move(dataset), options));
  return std::shared_ptr<Scanner>(new Scanner(std::make_unique<Impl>(std::move(plan))));
}

const std::shared_ptr<arrow::Schema>& Scanner::schema() const { return impl_->plan.root->schema(); }

arrow::Result<Reader> Scanner::ToReader() const {
  ARROW_ASSIGN_OR_RAISE(auto reader, impl_->plan.root->Stream(impl_->plan.Context()));
  return std::make_shared<OwningReader>(impl_->plan, std::move(reader));
}

arrow::Result<std::shared_ptr<arrow::Table>> Scanner::ToTable() const {
  return impl_->plan.root->ToTable(impl_->plan.Context());
}

arrow::Result<int64_t> Scanner::CountRows() const {
  return impl_->plan.root->CountRows(impl_->plan.Context());
}

PlanNode Scanner::Plan() const { return Explain(*impl_->plan.root); }

std::string Scanner::ExplainPlan(bool verbose) const {
  PlanNode plan = Plan();
  if (!verbose) Shorten(&plan);
  return plan.ToText();
}

arrow::Result<PlanNode> Scanner::Analyze(bool count_rows) const {
  const auto metrics = std::make_shared<RunMetrics>();
  const ExecContext context = impl_->plan.Context(metrics);
  const ExecNode& root = *impl_->plan.root;
  if (count_rows) {
    ARROW_RETURN_NOT_OK(root.CountRows(context).status());
  } else {
    ARROW_ASSIGN_OR_RAISE(auto reader, root.Stream(context));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
      if (batch == nullptr) break;
    }
  }
  PlanNode analyzed{"AnalyzeExec", {{"verbose", "true"}}, {}, true, {}};
  analyzed.inputs.push_back(Explain(root, metrics.get()));
  for (const auto& [name, value] : analyzed.inputs[0].metrics) {
    if (name == "elapsed_ns") analyzed.metrics.emplace_back(name, value);
  }
  return analyzed;
}

arrow::Result<std::string> Scanner::AnalyzePlan(bool count_rows) const {
  ARROW_ASSIGN_OR_RAISE(PlanNode plan, Analyze(count_rows));
  return plan.ToText();
}

arrow::Result<std::shared_ptr<Scanner>> Dataset::Scan(ScanOptions options) const {
  return Scanner::Make(shared_from_this(), std::move(options));
}

}  // namespace lancea
