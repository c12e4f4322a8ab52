// The fragment reuse index: where the rows of fragments went that were rewritten before the indices
// over them followed. Readers translate the old addresses an index answers with, until it is updated.
//
//   FragmentReuseIndexDetails   inline in the manifest's entry, or, when larger than 200 KiB, in the file
//                               _indices/{uuid of the entry}/details.binpb
//     legacy_versions[]         one for each compaction, oldest first
//       dataset_version         the version it was based on
//       groups[]                old_fragments, new_fragments: {id, physical_rows, num_deleted_rows}
//                               changed_row_addrs: the live rows of the old fragments, 64-bit Roaring
//
// The n-th address of changed_row_addrs is now the n-th row of new_fragments.
//
//   64-bit Roaring   u64 number of fragments, then for each u32 id and a portable 32-bit bitmap
//
// Entries with `transitions` instead are of newer writers and not written here.
// Source: table.proto; entries of pylance 14.0.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "lancea/fragment.h"
#include "lancea/index_info.h"
#include "lancea/object_store.h"
#include "lancea/table/deletion_vector.h"

namespace lancea {

/// Fragments and their live rows.
struct LiveRows {
  uint32_t fragment_id = 0;
  std::vector<RowRange> offsets;  ///< ascending
};

/// \param rows  ascending by fragment
std::string SerializeRowAddresses(const std::vector<LiveRows>& rows);

/// The history of rewrites that one entry tells.
class FragmentReuse {
 public:
  struct Group {
    std::string changed_row_addrs;
    std::vector<FragmentMetadata> old_fragments, new_fragments;  ///< ids and row counts matter
  };

  /// No rewrite yet.
  FragmentReuse() = default;

  /// \param root  of the table, below which a large history lies
  /// \return Unsupported for histories of newer writers; Corrupt
  static arrow::Result<FragmentReuse> Read(ObjectStore& store, const std::string& root,
                                           const IndexInfo& entry);

  /// Let an index cover the fragments that hold all rows of those it covered.
  void Translate(IndexInfo* index) const;

  /// True if a rewrite made this fragment.
  bool IsDestination(uint64_t fragment_id) const;

  /// The entry of this history and one more rewrite; a large one is written to a file of its own.
  arrow::Result<IndexInfo> Append(ObjectStore& store, const std::string& root,
                                  uint64_t dataset_version, const std::vector<Group>& groups) const;

 private:
  struct Step {
    std::vector<uint64_t> old_ids, new_ids;
  };

  std::vector<Step> steps_;
  std::string versions_;  // the serialized InlineContent
  std::optional<int32_t> index_version_;
};

}  // namespace lancea
