// Rules that change how a scan is carried out, never what it returns.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/exec_node.h"
#include "lancea/export.h"

namespace lancea {

/// Rewrites one step of a plan. Thread-safe.
class LANCEA_EXPORT OptimizerRule {
 public:
  virtual ~OptimizerRule();

  virtual std::string name() const = 0;

  /// What should stand in the place of `node`, whose inputs have been optimized; nullptr: `node` itself.
  /// The replacement has the same schema and the same rows.
  virtual arrow::Result<ExecNodePtr> Apply(const ExecNodePtr& node) const = 0;
};

/// The plan after each of `rules`, in order, was applied once to all steps, from the leaves up.
/// \return InvalidInput when a rule changes a schema
LANCEA_EXPORT arrow::Result<ExecNodePtr> Optimize(
    ExecNodePtr root, const std::vector<std::shared_ptr<const OptimizerRule>>& rules);

/// Lancea's own rules, in order: LimitIntoRead, TopRows.
LANCEA_EXPORT const std::vector<std::shared_ptr<const OptimizerRule>>& ScanRules();

/// Apply `rule` to all plans of scans of this process from now on, after the rules already there; one of
/// the same name is replaced. Thread-safe.
LANCEA_EXPORT void AddOptimizerRule(std::shared_ptr<const OptimizerRule> rule);
/// Does nothing when there is none of that name, or it is one of Lancea's own.
LANCEA_EXPORT void RemoveOptimizerRule(const std::string& name);

}  // namespace lancea
