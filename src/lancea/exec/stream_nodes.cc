#include "lancea/exec/stream_nodes.h"

#include <algorithm>
#include <atomic>

#include "arrow/array/array_base.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/exec/sort_rows.h"
#include "lancea/exec/top_rows.h"

namespace lancea {
namespace {

std::string Bracketed(const std::vector<std::string>& parts) {
  std::string out = "[";
  for (const std::string& part : parts) out += (out.size() > 1 ? ", " : "") + part;
  return out + "]";
}

// As DataFusion prints an order: what is usual for a direction is not said.
std::string KeysText(const std::vector<SortKey>& keys, const arrow::Schema& schema) {
  std::vector<std::string> out;
  for (const SortKey& key : keys) {
    const std::string column = schema.field(key.column)->name() + "@" + std::to_string(key.column);
    std::string how = key.ascending ? " ASC" : " DESC";
    if (key.nulls_first && key.ascending) how += " NULLS FIRST";
    if (!key.nulls_first) how += " NULLS LAST";
    out.push_back(column + how);
  }
  return Bracketed(out);
}

}  // namespace

// --- CutNode ---

CutNode::CutNode(const ExecNodePtr& input, BatchCut cut, bool is_strict)
    : ExecNode(input->schema(), {input}), cut_(cut), is_strict_(is_strict) {}

arrow::Result<ExecNodePtr> CutNode::WithInputs(Inputs inputs) const {
  return std::make_shared<CutNode>(inputs[0], cut_, is_strict_);
}

PlanNode CutNode::Describe() const {
  if (is_limit()) {
    const std::string fetch = cut_.limit >= 0 ? std::to_string(cut_.limit) : "None";
    return {"GlobalLimitExec",
            {{"skip", std::to_string(cut_.offset)}, {"fetch", fetch}},
            {},
            false,
            {}};
  }
  if (is_strict_ || cut_.num_bytes > 0) return {"StrictBatchSizeExec", {}, {}, false, {}};
  return {};
}

arrow::Result<ExecNode::Reader> CutNode::Run(const ExecContext& context) const {
  ARROW_ASSIGN_OR_RAISE(auto input, inputs()[0]->Stream(context));
  return CutBatches(std::move(input), cut_, context.pool());
}

arrow::Result<std::shared_ptr<arrow::Table>> CutNode::RunToTable(const ExecContext& context) const {
  if (is_limit()) return ExecNode::RunToTable(context);
  return inputs()[0]->ToTable(context);
}

arrow::Result<int64_t> CutNode::RunToCount(const ExecContext& context) const {
  ARROW_ASSIGN_OR_RAISE(int64_t rows, inputs()[0]->CountRows(context));
  rows = std::max<int64_t>(0, rows - cut_.offset);
  return cut_.limit >= 0 ? std::min(rows, cut_.limit) : rows;
}

// --- SortNode ---

SortNode::SortNode(const ExecNodePtr& input, std::vector<SortKey> keys, uint64_t memory_bytes,
                   int64_t batch_rows)
    : ExecNode(input->schema(), {input}),
      keys_(std::move(keys)),
      memory_bytes_(memory_bytes),
      batch_rows_(batch_rows) {}

arrow::Result<ExecNodePtr> SortNode::WithInputs(Inputs inputs) const {
  return std::make_shared<SortNode>(inputs[0], keys_, memory_bytes_, batch_rows_);
}

PlanNode SortNode::Describe() const {
  return {"SortExec",
          {{"expr", KeysText(keys_, *schema())}, {"preserve_partitioning", "[false]"}},
          {},
          false,
          {}};
}

arrow::Result<ExecNode::Reader> SortNode::Run(const ExecContext& context) const {
  ARROW_ASSIGN_OR_RAISE(auto input, inputs()[0]->Stream(context));
  SortOptions options;
  options.memory_bytes = memory_bytes_;
  options.batch_rows = batch_rows_;
  options.stop_token = context.stop_token;
  auto spilled = std::make_shared<std::atomic<uint64_t>>(0);
  if (context.metrics != nullptr) {
    options.spilled_bytes = spilled.get();
    context.metrics->Report(*this, [spilled] {
      return RunMetrics::Values{{"spilled_bytes", spilled->load()}};
    });
  }
  return SortRowsOf(std::move(input), keys_, options, context.pool());
}

arrow::Result<int64_t> SortNode::RunToCount(const ExecContext& context) const {
  return inputs()[0]->CountRows(context);
}

// --- TopRowsNode ---

TopRowsNode::TopRowsNode(const ExecNodePtr& input, std::vector<SortKey> keys, int64_t num_rows)
    : ExecNode(input->schema(), {input}), keys_(std::move(keys)), num_rows_(num_rows) {}

arrow::Result<ExecNodePtr> TopRowsNode::WithInputs(Inputs inputs) const {
  return std::make_shared<TopRowsNode>(inputs[0], keys_, num_rows_);
}

PlanNode TopRowsNode::Describe() const {
  return {"SortExec",
          {{"TopK(fetch=" + std::to_string(num_rows_) + ")", ""},
           {"expr", KeysText(keys_, *schema())},
           {"preserve_partitioning", "[false]"}},
          {},
          false,
          {}};
}

arrow::Result<ExecNode::Reader> TopRowsNode::Run(const ExecContext& context) const {
  ARROW_ASSIGN_OR_RAISE(auto input, inputs()[0]->Stream(context));
  ARROW_ASSIGN_OR_RAISE(auto best, TopRows(input.get(), keys_, num_rows_, context.pool()));
  ARROW_RETURN_NOT_OK(input->Close());
  return arrow::RecordBatchReader::Make({std::move(best)}, schema());
}

// --- ProjectNode ---

ProjectNode::ProjectNode(ExecNodePtr input, std::shared_ptr<const ProjectColumns> project,
                         std::vector<std::string> shown)
    : ExecNode(project->schema(), {std::move(input)}),
      project_(std::move(project)),
      shown_(std::move(shown)) {}

arrow::Result<ExecNodePtr> ProjectNode::WithInputs(Inputs inputs) const {
  return std::make_shared<ProjectNode>(std::move(inputs[0]), project_, shown_);
}

PlanNode ProjectNode::Describe() const {
  return {"ProjectionExec", {{"expr", Bracketed(shown_)}}, {}, false, {}};
}

arrow::Result<ExecNode::Reader> ProjectNode::Run(const ExecContext& context) const {
  ARROW_ASSIGN_OR_RAISE(auto input, inputs()[0]->Stream(context));
  return ProjectColumns::Stream(project_, std::move(input), context.pool());
}

arrow::Result<std::shared_ptr<arrow::Table>> ProjectNode::RunToTable(
    const ExecContext& context) const {
  ARROW_ASSIGN_OR_RAISE(auto table, inputs()[0]->ToTable(context));
  return project_->Apply(*table, context.pool());
}

arrow::Result<int64_t> ProjectNode::RunToCount(const ExecContext& context) const {
  return inputs()[0]->CountRows(context);
}

}  // namespace lancea
