// The table of a bucket: appending fragments, merging them, and how far it has come.
//
// Every commit carries, in its transaction's properties,
//
//   "lancea.queue.rows"   rows ever put that this version covers, in decimal
//
// which is what makes the replay of a log exact. Versions that others commit do not have it; then it is
// that of the newest version that does, plus nothing: others append no records.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/dataset.h"
#include "lancea/queue.h"
#include "lancea/queue/merge_choice.h"

namespace lancea::queue {

constexpr char kRowsProperty[] = "lancea.queue.rows";

/// Immutable view of the table at one version.
struct TableState {
  std::shared_ptr<Dataset> dataset;  ///< nullptr: there is no table yet
  uint64_t num_rows = 0;             ///< not deleted: offsets below it are in the table
  uint64_t version() const { return dataset == nullptr ? 0 : dataset->version(); }
};

/// The table at its latest version; no table is no error.
arrow::Result<TableState> OpenTable(const std::string& uri,
                                    const std::shared_ptr<Session>& session);

/// The state after `state` if another process committed one, else `state` itself.
/// \param thorough  look past a gap that a cleanup may have left
arrow::Result<TableState> RefreshTable(const std::string& uri,
                                       const std::shared_ptr<Session>& session,
                                       const TableState& state, bool thorough);

/// Rows ever put that the table covers.
arrow::Result<uint64_t> CommittedRows(const TableState& state);

/// Give the table the columns of `schema` that it lacks, all null; `state` when it lacks none.
/// \return InvalidInput when a column has another type
arrow::Result<TableState> WidenTable(const TableState& state, const arrow::Schema& schema,
                                     uint64_t committed_rows);

/// Append rows as one fragment; creates the table.
/// \param committed_rows  what kRowsProperty becomes
arrow::Result<TableState> AppendRows(const std::string& uri, const QueueOptions& options,
                                     const TableState& state, const arrow::RecordBatchVector& rows,
                                     uint64_t committed_rows);

/// Set fragment ids aside.
arrow::Result<TableState> ReserveIds(const TableState& state, uint64_t committed_rows);

/// The merged fragment of `choice`, written but not committed.
arrow::Result<FragmentMetadata> WriteMerged(const TableState& state, const MergeChoice& choice,
                                            const QueueOptions& options);

/// Commit it in place of the fragments it was made of.
/// \param read  the state it was chosen from
arrow::Result<TableState> CommitMerged(const TableState& read, const TableState& latest,
                                       const MergeChoice& choice, const FragmentMetadata& merged,
                                       uint64_t committed_rows);

/// Rows [offset, offset + count) of the table.
arrow::Result<std::shared_ptr<arrow::Table>> ReadRows(const TableState& state, uint64_t offset,
                                                      uint64_t count);

}  // namespace lancea::queue
