// One attempt at a merge: join, write, delete.
//
//   source keys -> hash table     all at once, or partition by partition when the source was spilled
//   target scan -> matches        key columns and addresses only; spilled by the same partitions
//   matches     -> new rows       in source order, batch by batch: source columns, and what the source
//                                 lacks fetched by address; then the source rows that matched nothing
//   addresses   -> deletion files
//
// When columns are rewritten, matches become patches instead, which new files of the fragments' columns
// are made with; no row moves or goes (merge_insert_columns.cc).
//
// Memory: the keys and matches of one partition, one batch of rows, and the ranges of rows that go.
#pragma once

#include <memory>
#include <unordered_set>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/change/merge_insert_patches.h"
#include "lancea/change/merge_insert_plan.h"
#include "lancea/change/merge_insert_source.h"
#include "lancea/change/merge_insert_table.h"
#include "lancea/change/row_changes.h"
#include "lancea/write/overlay_columns.h"

namespace lancea {

/// Used once. Not thread-safe.
class MergeRun {
 public:
  MergeRun(const WriteContext& context, const MergePlan& plan, const MergeSource& source,
           const MergeMemory& memory);

  arrow::Result<PreparedChange> Run();

  const MergeStats& stats() const { return stats_; }

 private:
  // A target row and the source row that replaces it.
  struct Match {
    uint32_t source_row;
    uint64_t address;
    uint64_t row_id;
  };
  // Some rows of the target.
  struct TargetRows {
    KeyRows keys;
    const uint64_t* addresses = nullptr;
    const uint64_t* row_ids = nullptr;        // nullptr: the table has no stable ones
    std::shared_ptr<arrow::Array> deletable;  // boolean; nullptr: all
  };

  arrow::Result<std::unique_ptr<MergeKeyTable>> BuildTable(size_t partition) const;
  arrow::Status ScanTarget(MergeKeyTable* table);
  arrow::Status ScanRows(ScanOptions scan, MergeKeyTable* table);
  arrow::Status SpillTarget(const TargetRows& rows);
  arrow::Status ProbeSpilled(size_t partition, MergeKeyTable* table);
  arrow::Status Probe(const TargetRows& rows, MergeKeyTable* table);
  bool MayDelete(const TargetRows& rows, int64_t row) const;
  /// Rows that are read by address and written at once.
  size_t RowsAtOnce() const;
  void SortMatches(uint64_t num_source_rows);
  arrow::Status WriteUpdates(size_t partition, const MergeKeyTable& table);
  arrow::Result<std::vector<Match>> Chosen(const arrow::RecordBatch& source, uint64_t first_row,
                                           std::vector<Match> matches);
  arrow::Status WriteMatched(const arrow::RecordBatch& source, uint64_t first_row,
                             std::span<const Match> matches);
  arrow::Status AddPatches(const arrow::RecordBatch& source, uint64_t first_row,
                           std::span<const Match> matches);
  arrow::Result<operation::Update> RewriteColumns(WrittenFiles* written);
  arrow::Status RewriteFragment(uint64_t id, uint64_t num_rows, const OverlayColumns& overlay,
                                operation::Update* update, WrittenFiles* written);
  arrow::Result<operation::Update> MoveRows(PreparedChange* change);
  arrow::Status WriteInserts(size_t partition, const MergeKeyTable& table);
  arrow::Result<std::shared_ptr<arrow::Array>> TakeSource(const arrow::RecordBatch& source,
                                                          int column,
                                                          const std::vector<int32_t>& rows) const;
  arrow::Result<FragmentWriter*> Writer(bool of_inserts);
  arrow::Status Duplicate(const KeyRows& keys, int64_t row) const;

  const WriteContext& context_;
  const MergePlan& plan_;
  const MergeSource& source_;
  const MergeMemory& memory_;
  const Dataset& target_;
  MergeStats stats_;

  bool is_filtered_ = false;    // only target rows with keys of the source are scanned
  std::vector<Match> matches_;  // of the current partition
  std::vector<MergeKeyTable::Hit> hits_;
  RowCollector gone_;
  bool gone_is_known_ = false;  // matches of this partition are in gone_ before they are written
  std::vector<uint64_t> moved_ids_;
  std::unordered_set<uint64_t> updated_;  // addresses; only while the source has duplicate keys
  std::unique_ptr<PartitionedSpill> target_spill_;
  std::shared_ptr<arrow::Schema> spill_schema_;
  std::unique_ptr<FragmentWriter> updates_, inserts_;
  std::unique_ptr<MergePatches> patches_;
  std::optional<InsertedKeyFilter> inserted_keys_;
};

}  // namespace lancea
