// How a scan is carried out, as a tree to show: what runs last is at the root.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lancea/export.h"

namespace lancea {

/// One step, named as pylance names it: LanceRead, Take, GlobalLimitExec, SortExec, ProjectionExec …
struct LANCEA_EXPORT PlanNode {
  std::string name;
  /// What the step is told to do, in order: {"projection", "[a, b]"}.
  std::vector<std::pair<std::string, std::string>> details;
  /// What it did; empty when it has not run: {"output_rows", 50}, {"elapsed_ns", 81250}.
  std::vector<std::pair<std::string, uint64_t>> metrics;
  bool has_run = false;
  std::vector<PlanNode> inputs;

  /// A line per step, indented below its consumer.
  std::string ToText() const;
  /// {"name": …, "details": {…}, "metrics": {…}, "inputs": […]}
  std::string ToJson() const;
  /// A page that shows the tree, the steps' share of time and what they did.
  std::string ToHtml(const std::string& title) const;
};

}  // namespace lancea
