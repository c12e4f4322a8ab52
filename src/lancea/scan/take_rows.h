// Rows by address with any plan, for those who have made one.
#pragma once

#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/scan/read_plan.h"

namespace lancea {

/// In the order of `addresses`, which may repeat.
arrow::Result<std::shared_ptr<arrow::Table>> TakeByAddress(const Dataset::Impl& dataset,
                                                           const ReadPlan& plan,
                                                           const std::vector<uint64_t>& addresses,
                                                           const ScanOptions& options);

}  // namespace lancea
