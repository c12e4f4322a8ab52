// A merge as it applies to one version of a table and one source schema: everything that can be refused
// is refused here, before a row is read.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/change/merge_insert_keys.h"
#include "lancea/change/row_changes_sql.h"
#include "lancea/change_rows.h"

namespace lancea {

struct MergePlan {
  static arrow::Result<MergePlan> Make(const Dataset& dataset, const arrow::Schema& source,
                                       const MergeInsertOptions& options);

  MergeInsertOptions options;
  MergeKeyColumns keys;
  bool has_stable_row_ids = false;
  std::shared_ptr<arrow::Schema> rows;  ///< as they are written: the table's columns, in its order
  std::vector<std::shared_ptr<arrow::DataType>>
      written;                      ///< by column: types a writer takes nulls of
  std::vector<int> source_columns;  ///< by column of `rows`; -1: the source lacks it
  std::vector<bool> is_part;        ///< by column: the source has it, but its structs lack fields
  /// Columns that are read of matched rows: what the source lacks, or has a part of.
  std::vector<std::string> missing;
  /// Columns that are written in place, by number; only when columns are rewritten.
  std::vector<size_t> patched;
  /// Over `source` and `target`, and the target's columns that it reads.
  std::optional<SqlValue> update_condition;
  std::vector<std::string> condition_source, condition_target;
  /// Over the table's columns, and those of them that it reads.
  std::optional<SqlValue> delete_condition;
  std::vector<std::string> delete_columns;
  std::vector<uint32_t> fields;  ///< all of the table's, nested ones too
  /// The keys are the table's primary key: other writers must learn which are inserted.
  std::optional<std::vector<int32_t>> primary_key;

  bool updates() const {
    return options.when_matched == MergeInsertOptions::WhenMatched::kUpdateAll;
  }
  bool rewrites_columns() const {
    return options.write_mode == MergeInsertOptions::WriteMode::kRewriteColumns;
  }
  /// Columns of the target that every row is read of: keys first.
  std::vector<std::string> ScannedColumns() const;

  /// "MergeInsert: on=[id], when_matched=UpdateAll, ..."
  std::string Title() const;
  std::string Explain(const Dataset& dataset, const arrow::Schema& source) const;
};

/// A field path as a scan spells it.
std::string QuotedPath(const std::string& name);

}  // namespace lancea
