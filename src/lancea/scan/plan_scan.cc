#include "lancea/scan/plan_scan.h"

#include <algorithm>
#include <cstdlib>

#include "arrow/type.h"
#include "lancea/exec/stream_nodes.h"
#include "lancea/optimizer.h"
#include "lancea/scan/read_node.h"
#include "lancea/scan/scan_columns.h"
#include "lancea/util/errors.h"
#include "lancea/util/memory_shares.h"

namespace lancea {
namespace {

constexpr int64_t kDefaultBatchSize = 8192;

int64_t DefaultBatchSize() {
  const char* text = std::getenv("LANCE_DEFAULT_BATCH_SIZE");
  const int64_t value = text != nullptr ? std::atoll(text) : 0;
  return value > 0 ? value : kDefaultBatchSize;
}

arrow::Result<std::vector<SortKey>> KeysOf(const std::vector<ColumnOrdering>& order,
                                           const arrow::Schema& schema) {
  std::vector<SortKey> out;
  for (const ColumnOrdering& key : order) {
    const int column = schema.GetFieldIndex(key.column);
    if (column < 0) return NotFound("no column \"", key.column, "\" to order by");
    ARROW_RETURN_NOT_OK(CheckSortable(*schema.field(column)->type(), key.column));
    out.push_back({column, key.ascending, key.nulls_first});
  }
  return out;
}

}  // namespace

arrow::Result<ScanPlan> ScanPlan::Make(std::shared_ptr<const Dataset> table,
                                       const ScanOptions& options) {
  const Dataset::Impl& dataset = table->impl();
  ARROW_RETURN_NOT_OK(CheckScanOptions(options, *dataset.schema));
  if (options.counters != nullptr) {
    options.counters->scan_io.CountFor(dataset.io_counters.get());
    options.counters->take_io.CountFor(dataset.io_counters.get());
  }
  TableRead read;
  read.batch_size = options.batch_size.value_or(DefaultBatchSize());
  ARROW_ASSIGN_OR_RAISE(read.filter, ScanFilter::Get(dataset, options));
  ARROW_ASSIGN_OR_RAISE(read.slices, RowsOfScan(dataset, options));
  if (read.filter != nullptr) {
    ARROW_ASSIGN_OR_RAISE(
        read.slices, PinnedRows(dataset, *read.filter, read.slices, options.include_deleted_rows));
  }
  ARROW_ASSIGN_OR_RAISE(ScanColumns columns, ScanColumns::Of(dataset, options));
  ARROW_ASSIGN_OR_RAISE(read.plan, dataset.ScanPlan(columns.read()));
  const int num_result_columns = read.plan->schema()->num_fields();
  if (!options.order_by.empty()) {
    columns.AddKeys(options.order_by, *read.plan->schema());
    ARROW_ASSIGN_OR_RAISE(read.plan, dataset.ScanPlan(columns.read()));
  }
  read.options = columns.read();
  read.dataset = table;
  const bool has_filter = read.filter != nullptr;
  BatchCut cut;
  cut.num_rows = read.batch_size;
  cut.num_bytes = options.batch_size_bytes.value_or(0);
  cut.offset = options.offset;
  cut.limit = options.limit.value_or(-1);

  ExecNodePtr node = std::make_shared<ReadNode>(std::move(read));
  if (!options.order_by.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto keys, KeysOf(options.order_by, *node->schema()));
    const uint64_t memory =
        std::min(options.sort_memory, 2 * MemoryShares(table->session()->memory_limit()).held());
    node = std::make_shared<SortNode>(node, std::move(keys), memory, cut.num_rows);
  }
  const bool is_limited = cut.offset > 0 || cut.limit >= 0;
  if (is_limited || has_filter || cut.num_bytes > 0 || !options.order_by.empty()) {
    const bool is_strict = options.strict_batch_size && !has_filter;
    node = std::make_shared<CutNode>(node, cut, is_strict);
  }
  if (options.projections.has_value() || has_filter || !options.order_by.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto project, columns.Project(node->schema(), num_result_columns));
    auto shown = columns.Shown(*node->schema(), num_result_columns);
    node = std::make_shared<ProjectNode>(std::move(node), std::move(project), std::move(shown));
  }
  ARROW_ASSIGN_OR_RAISE(node, Optimize(std::move(node), ScanRules()));
  ARROW_ASSIGN_OR_RAISE(node, Optimize(std::move(node), AddedRules()));
  return ScanPlan{std::move(node), options.stop_token, std::move(table)};
}

ExecContext ScanPlan::Context(std::shared_ptr<RunMetrics> metrics) const {
  return {dataset->impl().memory_pool(), stop_token, std::move(metrics)};
}

arrow::Result<ExecNodePtr> PlanScan(std::shared_ptr<const Dataset> dataset,
                                    const ScanOptions& options) {
  ARROW_ASSIGN_OR_RAISE(ScanPlan plan, ScanPlan::Make(std::move(dataset), options));
  return std::move(plan.root);
}

}  // namespace lancea
