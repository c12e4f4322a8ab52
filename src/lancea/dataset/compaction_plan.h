// What compaction may rewrite.
#pragma once

#include "arrow/status.h"
#include "lancea/compaction.h"
#include "lancea/dataset/dataset_impl.h"

namespace lancea {

/// \return Unsupported when rewriting `fragments` would leave an index wrong
arrow::Status CheckIndicesAllowRewrite(const Dataset::Impl& dataset,
                                       const std::vector<FragmentMetadata>& fragments,
                                       const CompactionOptions& options);

/// The storage version of new files: "2.0" ... "2.3".
/// \return Unsupported for tables of the legacy format
arrow::Result<std::string> TargetStorageVersion(const Dataset::Impl& dataset,
                                                const CompactionOptions& options);

}  // namespace lancea
