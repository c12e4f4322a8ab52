// Changing rows: delete, update, and merge insert (upsert); and what changed between two versions.
//
// Nothing is changed in place. A deleted row is listed in a deletion file of its fragment; an updated row
// is deleted and written again in a new fragment, where it keeps its stable row id and the version that
// created it. Each call is one transaction. When another writer changed the same rows first, the call is
// made again on the newer version; rows that no two writers share need no second attempt.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/cancel.h"
#include "lancea/dataset.h"
#include "lancea/export.h"
#include "lancea/transaction.h"

namespace arrow::compute {
class Expression;
}

namespace lancea {

class CommitHandler;

/// Which rows: SQL or an Arrow expression (not bound); neither: all of them.
struct LANCEA_EXPORT RowFilter {
  std::optional<std::string> sql;
  std::shared_ptr<const arrow::compute::Expression> expression;
  /// What the transaction says of an expression; SQL says itself.
  std::string text;

  static RowFilter Sql(std::string sql) { return {std::move(sql), nullptr, {}}; }
  bool is_all() const { return !sql && expression == nullptr; }
};

struct LANCEA_EXPORT ChangeOptions {
  /// How often the change is made again after another writer was first.
  uint32_t conflict_retries = 10;
  /// No further attempt begins after this; the first is always made.
  std::chrono::nanoseconds retry_timeout = std::chrono::seconds(30);
  /// Of files that are written; default: the table's own.
  std::optional<std::string> data_storage_version;
  std::map<std::string, std::string> transaction_properties;
  std::shared_ptr<CommitHandler> commit_handler;  ///< default: by what the store can do
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

struct LANCEA_EXPORT DeleteResult {
  std::shared_ptr<Dataset> dataset;
  uint64_t num_deleted_rows = 0;
};

/// Delete the rows for which the filter is true. A version is made even when there are none.
LANCEA_EXPORT arrow::Result<DeleteResult> DeleteRows(const std::shared_ptr<const Dataset>& dataset,
                                                     const RowFilter& filter,
                                                     const ChangeOptions& options = {});

/// Write the deletion file of a delete from one fragment, to be committed as operation::Delete.
/// \return the fragment as it is then; itself when no row goes, nullopt when all do
LANCEA_EXPORT arrow::Result<std::optional<FragmentMetadata>> DeleteFromFragment(
    const Dataset& dataset, uint64_t fragment_id, const RowFilter& filter,
    const arrow::StopToken& stop = arrow::StopToken::Unstoppable());

/// The same for rows by their offset among those the fragment stores, in any order.
/// \return InvalidInput for an offset beyond them
LANCEA_EXPORT arrow::Result<std::optional<FragmentMetadata>> DeleteRowsFromFragment(
    const Dataset& dataset, uint64_t fragment_id, std::vector<uint64_t> offsets,
    const arrow::StopToken& stop = arrow::StopToken::Unstoppable());

struct LANCEA_EXPORT UpdateResult {
  std::shared_ptr<Dataset> dataset;
  uint64_t num_updated_rows = 0;
};

/// Give columns new values in the rows for which `where` is true.
/// \param updates  SQL expressions over the row's old values, by name of top-level column; cast to the
///   column's type
/// \return InvalidInput for unknown columns, expressions that do not parse and values that do not fit
LANCEA_EXPORT arrow::Result<UpdateResult> UpdateRows(
    const std::shared_ptr<const Dataset>& dataset,
    const std::map<std::string, std::string>& updates, const RowFilter& where,
    const ChangeOptions& options = {});

/// What a merge does with each kind of row. A source row and a target row match when all their keys are
/// equal; a null key equals nothing.
struct LANCEA_EXPORT MergeInsertOptions : ChangeOptions {
  enum class WhenMatched { kDoNothing, kUpdateAll, kFail, kDelete };
  enum class WriteMode {
    kRewriteRows,  ///< updated rows move to new fragments, whole
    /// Updated rows stay: the fragments they are in get new files of the source's columns but the keys.
    /// Pays off when most columns are wide and not in the source. Updates only.
    kRewriteColumns,
  };

  /// Key columns, "a.b" for nested ones, found without regard to case; none: the table's primary key.
  std::vector<std::string> on;
  WhenMatched when_matched = WhenMatched::kDoNothing;
  /// kUpdateAll: only where this SQL over `source.x` and `target.x` is true.
  std::optional<std::string> update_condition;
  bool insert_not_matched = true;
  bool delete_not_matched_by_source = false;
  /// Only target rows for which this SQL is true.
  std::optional<std::string> delete_condition;
  /// A second source row for one target row: skipped, not an error.
  bool skip_duplicates = false;
  WriteMode write_mode = WriteMode::kRewriteRows;
  /// Find target rows by a BTREE index of a key column, where that reads less than the column.
  bool use_index = true;
  /// Names or paths of the table's bases that take new fragments in turn; its URI is its own place.
  std::vector<std::string> target_bases;
  /// Bytes of source rows and join state held in memory; what passes it goes to temporary files.
  /// Default: the session's limit.
  std::optional<uint64_t> memory_limit;
  std::optional<std::string> spill_directory;  ///< default: TMPDIR or /tmp
  uint64_t max_rows_per_file = uint64_t{1} << 20;
};

struct LANCEA_EXPORT MergeStats {
  uint64_t num_inserted_rows = 0;
  uint64_t num_updated_rows = 0;
  uint64_t num_deleted_rows = 0;
  uint64_t num_skipped_duplicates = 0;
  uint64_t num_attempts = 0;
  uint64_t bytes_written = 0;  ///< to data files
  uint64_t num_files_written = 0;
  uint64_t num_source_rows = 0;
  uint64_t num_target_rows = 0;  ///< whose keys were read
  uint64_t num_spilled_bytes = 0;
};

struct LANCEA_EXPORT MergeResult {
  std::shared_ptr<Dataset> dataset;  ///< nullptr when nothing was committed
  Transaction transaction;           ///< as committed, or to be committed
  MergeStats stats;
};

/// Merge `source` into the table. The source is read once, whatever the number of attempts; columns it
/// lacks, and fields of structs, keep their values in updated rows and are null in inserted ones.
/// \return InvalidInput when the options change nothing, the source does not fit the table, two source
///   rows match one target row, or kFail met a match
LANCEA_EXPORT arrow::Result<MergeResult> MergeInsert(
    const std::shared_ptr<const Dataset>& dataset,
    const std::shared_ptr<arrow::RecordBatchReader>& source, const MergeInsertOptions& options);

/// The same without the commit.
LANCEA_EXPORT arrow::Result<MergeResult> MergeInsertUncommitted(
    const std::shared_ptr<const Dataset>& dataset,
    const std::shared_ptr<arrow::RecordBatchReader>& source, const MergeInsertOptions& options);

/// The steps of a merge with a source of this schema, one a line. Errors as of MergeInsert.
LANCEA_EXPORT arrow::Result<std::string> ExplainMergeInsert(const Dataset& dataset,
                                                            const arrow::Schema& source,
                                                            const MergeInsertOptions& options);
/// Run the merge, throw its files away, and say what each step did.
LANCEA_EXPORT arrow::Result<std::string> AnalyzeMergeInsert(
    const std::shared_ptr<const Dataset>& dataset,
    const std::shared_ptr<arrow::RecordBatchReader>& source, const MergeInsertOptions& options);

/// InvalidInput when the options cannot apply to the table, whatever the source.
LANCEA_EXPORT arrow::Result<std::vector<std::string>> MergeKeys(const Dataset& dataset,
                                                                const std::vector<std::string>& on);

/// Which rows of a table changed in the versions (begin, end].
enum class RowChange {
  kInserted,  ///< created in the range
  kUpdated,   ///< created before it, last changed in it
  kUpserted,  ///< either
};

/// The changed rows as `dataset` has them: all columns, `_rowid`, `_row_created_at_version` and
/// `_row_last_updated_at_version`. Only those rows are read.
LANCEA_EXPORT arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> ChangedRows(
    const std::shared_ptr<const Dataset>& dataset, RowChange change, uint64_t begin, uint64_t end);

/// Ids (one column, `_rowid`) of the rows that are in version `begin` and not in version `end`.
/// \return InvalidInput when begin > end or one of the versions has no stable row ids
LANCEA_EXPORT arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> DeletedRowIds(
    const std::shared_ptr<const Dataset>& dataset, uint64_t begin, uint64_t end);

}  // namespace lancea
