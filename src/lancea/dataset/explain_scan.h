// A scan as a tree of steps with pylance's names, before and after it ran.
#pragma once

#include <chrono>

#include "lancea/dataset/scan_setup.h"
#include "lancea/metrics.h"
#include "lancea/plan.h"

namespace lancea {

struct ScanOutcome {
  int64_t rows = 0;
  int64_t batches = 0;
  std::chrono::nanoseconds elapsed{0};
};

PlanNode ExplainScan(const Dataset::Impl& dataset, const ScanSetup& setup);

PlanNode AnalyzedScan(const Dataset::Impl& dataset, const ScanSetup& setup,
                      const ScanCounters& counters, const ScanOutcome& outcome);

}  // namespace lancea
