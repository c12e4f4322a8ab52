#include "lancea/exec_node.h"

#include <chrono>

#include "arrow/memory_pool.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"

namespace lancea {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t NanosSince(Clock::time_point begin) {
  return static_cast<uint64_t>(std::chrono::nanoseconds(Clock::now() - begin).count());
}

// Counts what comes out of a step, and the time spent waiting for it.
class MeasuredReader : public arrow::RecordBatchReader {
 public:
  MeasuredReader(const ExecNode& node, std::shared_ptr<RunMetrics> metrics, ExecNode::Reader inner)
      : node_(node), metrics_(std::move(metrics)), inner_(std::move(inner)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return inner_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    const auto begin = Clock::now();
    arrow::Status status = inner_->ReadNext(batch);
    const bool came = status.ok() && *batch != nullptr;
    metrics_->AddRows(node_, came ? static_cast<uint64_t>((*batch)->num_rows()) : 0, came ? 1 : 0,
                      NanosSince(begin));
    return status;
  }
  arrow::Status Close() override { return inner_->Close(); }

 private:
  const ExecNode& node_;
  const std::shared_ptr<RunMetrics> metrics_;
  const ExecNode::Reader inner_;
};

}  // namespace

void RunMetrics::Report(const ExecNode& node, std::function<Values()> values) {
  std::lock_guard<std::mutex> lock(mutex_);
  steps_[&node].more = std::move(values);
}

void RunMetrics::AddRows(const ExecNode& node, uint64_t rows, uint64_t batches, uint64_t nanos) {
  std::lock_guard<std::mutex> lock(mutex_);
  Step& step = steps_[&node];
  step.rows += rows;
  step.batches += batches;
  step.nanos += nanos;
}

RunMetrics::Values RunMetrics::Of(const ExecNode& node) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto it = steps_.find(&node);
  if (it == steps_.end()) return {};
  const Step& step = it->second;
  Values out = {
      {"elapsed_ns", step.nanos}, {"output_rows", step.rows}, {"output_batches", step.batches}};
  if (step.more) {
    for (auto& value : step.more()) out.push_back(std::move(value));
  }
  return out;
}

arrow::MemoryPool* ExecContext::pool() const {
  return memory_pool != nullptr ? memory_pool : arrow::default_memory_pool();
}

ExecNode::~ExecNode() = default;

arrow::Result<ExecNode::Reader> ExecNode::Stream(const ExecContext& context) const {
  if (context.metrics == nullptr) return Run(context);
  const auto begin = Clock::now();
  ARROW_ASSIGN_OR_RAISE(auto reader, Run(context));
  context.metrics->AddRows(*this, 0, 0, NanosSince(begin));
  return std::make_shared<MeasuredReader>(*this, context.metrics, std::move(reader));
}

arrow::Result<std::shared_ptr<arrow::Table>> ExecNode::ToTable(const ExecContext& context) const {
  if (context.metrics == nullptr) return RunToTable(context);
  const auto begin = Clock::now();
  ARROW_ASSIGN_OR_RAISE(auto table, RunToTable(context));
  context.metrics->AddRows(*this, static_cast<uint64_t>(table->num_rows()), 1, NanosSince(begin));
  return table;
}

arrow::Result<int64_t> ExecNode::CountRows(const ExecContext& context) const {
  if (context.metrics == nullptr) return RunToCount(context);
  const auto begin = Clock::now();
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, RunToCount(context));
  context.metrics->AddRows(*this, static_cast<uint64_t>(rows), 0, NanosSince(begin));
  return rows;
}

arrow::Result<std::shared_ptr<arrow::Table>> ExecNode::RunToTable(
    const ExecContext& context) const {
  ARROW_ASSIGN_OR_RAISE(auto reader, Run(context));
  return reader->ToTable();
}

arrow::Result<int64_t> ExecNode::RunToCount(const ExecContext& context) const {
  ARROW_ASSIGN_OR_RAISE(auto reader, Run(context));
  int64_t rows = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
    if (batch == nullptr) return rows;
    rows += batch->num_rows();
  }
}

PlanNode Explain(const ExecNode& root, const RunMetrics* metrics) {
  PlanNode shown = root.Describe();
  PlanNode* last = &shown;
  while (!last->inputs.empty()) last = &last->inputs.back();
  for (const ExecNodePtr& input : root.inputs()) last->inputs.push_back(Explain(*input, metrics));
  if (shown.name.empty() && shown.inputs.size() == 1) {
    PlanNode inner = std::move(shown.inputs[0]);
    return inner;
  }
  if (metrics != nullptr) {
    // Of a step that shows several, each has its own, but for the rows that leave the first.
    RunMetrics::Values values = metrics->Of(root);
    shown.has_run = true;
    for (auto& [name, value] : values) {
      const size_t slash = name.find('/');
      PlanNode* at = &shown;
      if (slash != std::string::npos) {
        const std::string step = name.substr(0, slash);
        while (at->name != step && !at->inputs.empty()) at = &at->inputs.back();
        at->has_run = true;
        name.erase(0, slash + 1);
      }
      at->metrics.emplace_back(name, value);
    }
  }
  return shown;
}

}  // namespace lancea
