// What a scan asks for -> the steps that carry it out.
//
//   columns / projections, filter, order_by, offset and limit, batch sizes
//   ->  ProjectionExec < GlobalLimitExec < SortExec < LanceRead
//   ->  the same after the rules (scan_rules.cc, and those of users)
//
// Which steps there are follows from what is asked; how they are done best is for rules.
#pragma once

#include <memory>

#include "arrow/result.h"
#include "lancea/dataset.h"
#include "lancea/exec_node.h"
#include "lancea/optimizer.h"

namespace lancea {

/// A scan that can run. Immutable, thread-safe.
struct ScanPlan {
  ExecNodePtr root;
  arrow::StopToken stop_token = arrow::StopToken::Unstoppable();
  std::shared_ptr<const Dataset> dataset;

  static arrow::Result<ScanPlan> Make(std::shared_ptr<const Dataset> dataset,
                                      const ScanOptions& options);

  ExecContext Context(std::shared_ptr<RunMetrics> metrics = nullptr) const;
};

/// Rules of users, in the order they were added.
std::vector<std::shared_ptr<const OptimizerRule>> AddedRules();

}  // namespace lancea
