// Changing columns: add, merge, alter and drop them, in a table or in one fragment of it.
//
// Only files of the columns that change are written, each with all physical rows of its fragment, so that
// rows keep their addresses, ids and deletions. What a name, an order or a dropped column needs is a new
// schema alone. Each call on a table is one transaction and returns the new version; a call on a fragment
// writes files and returns what is to be committed as operation::Merge or operation::Update.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/cancel.h"
#include "lancea/dataset.h"
#include "lancea/export.h"

namespace lancea {

class CommitHandler;

struct LANCEA_EXPORT ColumnOptions {
  std::optional<int64_t> batch_size;  ///< rows of a batch that is computed; default: by their size
  std::map<std::string, std::string> transaction_properties;
  std::shared_ptr<CommitHandler> commit_handler;  ///< default: by what the store can do
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

/// New columns by name, each a SQL expression over the row's columns.
struct LANCEA_EXPORT SqlColumns {
  std::vector<std::pair<std::string, std::string>> expressions;
};

/// New columns computed by a function of a batch of rows.
struct LANCEA_EXPORT ComputedColumns {
  /// Called for the batches of one fragment in order, on the calling thread. Deleted rows are left out.
  /// \return as many rows as it got, with output_schema
  using Function = std::function<arrow::Result<std::shared_ptr<arrow::RecordBatch>>(
      uint64_t fragment_id, uint64_t batch_index, const std::shared_ptr<arrow::RecordBatch>& rows)>;
  Function function;
  std::shared_ptr<arrow::Schema> output_schema;
  std::optional<std::vector<std::string>> read_columns;  ///< nullopt: all of them

  /// The fragment as an earlier attempt left it, with the file of the new columns last; one that does not
  /// belong to the table as it is now is not used.
  std::function<arrow::Result<std::optional<FragmentMetadata>>(uint64_t fragment_id)> load_fragment;
  /// A fragment is complete. Its file is kept from now on, whatever becomes of the others.
  std::function<arrow::Status(const FragmentMetadata&)> save_fragment;
};

/// New columns of rows in the order of the rows not deleted, exactly as many.
struct LANCEA_EXPORT StreamedColumns {
  std::shared_ptr<arrow::RecordBatchReader> rows;
};

/// New columns that are null everywhere: nothing is written but the schema.
struct LANCEA_EXPORT NullColumns {
  std::shared_ptr<arrow::Schema> schema;
};

using NewColumns = std::variant<SqlColumns, ComputedColumns, StreamedColumns, NullColumns>;

/// A fragment with more columns, and the table's schema with them.
struct LANCEA_EXPORT ExtendedFragment {
  FragmentMetadata fragment;
  Schema schema;
};

/// Add columns. A struct may bring fields for one that is there (storage version 2.2 and later).
/// \return InvalidInput for names that are taken, too few or too many rows
LANCEA_EXPORT arrow::Result<std::shared_ptr<Dataset>> AddColumns(
    const std::shared_ptr<const Dataset>& dataset, const NewColumns& columns,
    const ColumnOptions& options = {});
LANCEA_EXPORT arrow::Result<ExtendedFragment> AddColumnsToFragment(
    const std::shared_ptr<const Dataset>& dataset, uint64_t fragment_id, const NewColumns& columns,
    const ColumnOptions& options = {});

/// Add the columns of `right` to the rows with the same key: a left join. Rows without a match get nulls;
/// of several matches the last one counts; null equals null. `right` is held in memory.
/// \param left_on   a column of the table, `_rowid` or `_rowaddr`
/// \param right_on  a column of `right`, of the same type
LANCEA_EXPORT arrow::Result<std::shared_ptr<Dataset>> MergeColumns(
    const std::shared_ptr<const Dataset>& dataset,
    const std::shared_ptr<arrow::RecordBatchReader>& right, const std::string& left_on,
    const std::string& right_on, const ColumnOptions& options = {});
LANCEA_EXPORT arrow::Result<ExtendedFragment> MergeColumnsToFragment(
    const std::shared_ptr<const Dataset>& dataset, uint64_t fragment_id,
    const std::shared_ptr<arrow::RecordBatchReader>& right, const std::string& left_on,
    const std::string& right_on, const ColumnOptions& options = {});

/// A fragment some of whose columns have new values in some rows; for operation::Update.
struct LANCEA_EXPORT UpdatedFragment {
  FragmentMetadata fragment;
  std::vector<uint32_t> fields_modified;
  std::string updated_offsets;  ///< physical rows that matched, a portable Roaring bitmap
};

/// Give rows that match the values of `right`; the others keep theirs. Matching is as for MergeColumns.
LANCEA_EXPORT arrow::Result<UpdatedFragment> UpdateFragmentColumns(
    const std::shared_ptr<const Dataset>& dataset, uint64_t fragment_id,
    const std::shared_ptr<arrow::RecordBatchReader>& right, const std::string& left_on,
    const std::string& right_on, const ColumnOptions& options = {});

/// Drop columns, "a.b" for nested ones. Their data stay in the files until these are compacted.
LANCEA_EXPORT arrow::Result<std::shared_ptr<Dataset>> DropColumns(
    const std::shared_ptr<const Dataset>& dataset, const std::vector<std::string>& columns,
    const ColumnOptions& options = {});

/// What becomes of one column.
struct LANCEA_EXPORT ColumnAlteration {
  std::string path;  ///< "a.b" for nested ones
  std::optional<std::string> name;
  std::optional<bool> nullable;
  std::shared_ptr<arrow::DataType> data_type;  ///< nullptr: as it is
};

/// Rename columns, change whether they may be null, or cast them. A cast writes the column again under a
/// new field id; it stays within one kind of type (integers, floats, text, binary, times, decimals, lists
/// of those) and fails rather than lose a value.
LANCEA_EXPORT arrow::Result<std::shared_ptr<Dataset>> AlterColumns(
    const std::shared_ptr<const Dataset>& dataset, const std::vector<ColumnAlteration>& alterations,
    const ColumnOptions& options = {});

}  // namespace lancea
