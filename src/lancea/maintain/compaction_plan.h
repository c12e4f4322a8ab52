// What compaction may rewrite.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/compaction.h"
#include "lancea/dataset/dataset_impl.h"
#include "lancea/table/fragment_reuse.h"

namespace lancea {

/// \return Unsupported when rewriting `fragments` would leave an index wrong
arrow::Status CheckIndicesAllowRewrite(const Dataset::Impl& dataset,
                                       const std::vector<FragmentMetadata>& fragments,
                                       const CompactionOptions& options);

/// The indices over rows, each covering the fragments that hold the rows it covers now.
arrow::Result<std::vector<IndexInfo>> IndicesWithCoverage(const Dataset::Impl& dataset);

/// True if compaction with these options must leave the fragments that `index` covers as they are: it
/// answers with addresses, and nobody can remap it.
bool HoldsBack(const Dataset::Impl& dataset, const IndexInfo& index,
               const CompactionOptions& options);

/// The history of rewrites that indices did not follow; of the entry's uuid, empty when there is none.
struct KnownReuse {
  FragmentReuse history;
  std::string uuid;
};
arrow::Result<KnownReuse> ReadFragmentReuse(const Dataset::Impl& dataset);

/// Tasks that run at once: each keeps all cores busy, a second one fills the gaps while the first waits for
/// its disk.
inline uint32_t NumTasksAtOnce(const CompactionOptions& options) {
  constexpr uint32_t kTasksAtOnce = 2;
  return std::max<uint32_t>(1, options.num_threads.value_or(kTasksAtOnce));
}

/// The storage version of new files: "2.0" ... "2.3".
/// \return Unsupported for tables of the legacy format
arrow::Result<std::string> TargetStorageVersion(const Dataset::Impl& dataset,
                                                const CompactionOptions& options);

}  // namespace lancea
