// Indices after compaction: where rows went, and who rewrites an index for it.
//
// In tables without stable row ids an index answers with row addresses, which a rewrite of fragments
// changes. The kinds of indices that can follow register an IndexRemapper. Compaction leaves alone the
// fragments that an index covers which nobody remaps, unless it only records where rows went
// (CompactionOptions::defer_index_remap).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "arrow/result.h"
#include "lancea/export.h"
#include "lancea/fragment.h"
#include "lancea/index_info.h"
#include "lancea/transaction.h"

namespace lancea {

class Dataset;

/// Old row addresses to new ones. Memory: 24 bytes per run of live rows.
class LANCEA_EXPORT RowAddressMap {
 public:
  /// Live rows of one fragment: [first, end) of its physical rows.
  struct LiveRun {
    uint64_t fragment_id = 0;
    uint64_t first = 0, end = 0;
  };

  /// The rows of `runs`, in order, are now the rows of `fragments`, in order.
  /// \return InvalidInput when these are not as many
  arrow::Status AddGroup(const std::vector<uint64_t>& old_fragment_ids,
                         const std::vector<LiveRun>& runs,
                         const std::vector<FragmentMetadata>& fragments);

  /// Where the row is now: `address` itself if its fragment was not rewritten, nullopt if it was deleted.
  std::optional<uint64_t> Find(uint64_t address) const;

 private:
  struct Run {
    uint64_t first, count, target;  // addresses
  };
  std::vector<Run> runs_;                   // ascending
  std::vector<uint64_t> old_fragment_ids_;  // ascending
};

/// Remaps the indices of some kinds. Thread-safe.
class LANCEA_EXPORT IndexRemapper {
 public:
  virtual ~IndexRemapper();

  virtual bool CanRemap(const IndexInfo& index) const = 0;

  /// Write the index anew, with rows at their new addresses, those deleted left out. What it writes under
  /// the new uuid is an orphan, which cleanup removes, if the compaction is not committed.
  virtual arrow::Result<operation::RewrittenIndex> Remap(const Dataset& dataset,
                                                         const IndexInfo& index,
                                                         const RowAddressMap& rows) const = 0;
};

/// Ask `remapper` in all compactions of this process from now on, after those there. Thread-safe.
LANCEA_EXPORT void AddIndexRemapper(std::shared_ptr<const IndexRemapper> remapper);
LANCEA_EXPORT void RemoveIndexRemapper(const IndexRemapper* remapper);

/// The first that can remap `index`, or nullptr.
LANCEA_EXPORT std::shared_ptr<const IndexRemapper> FindIndexRemapper(const IndexInfo& index);

}  // namespace lancea
