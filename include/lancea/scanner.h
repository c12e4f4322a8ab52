// Reading many rows: what to read is said with ScanOptions, the result is a stream of batches.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "arrow/util/cancel.h"
#include "lancea/export.h"
#include "lancea/metrics.h"
#include "lancea/plan.h"

namespace arrow::compute {
class Expression;
}

namespace lancea {

class Dataset;

/// How a blob column is returned.
enum class BlobHandling {
  kDescriptions,  ///< struct<position, size> (v1) or the blob v2 descriptor
  kBinary,        ///< the bytes themselves
};

/// One key of an order.
struct ColumnOrdering {
  std::string column;  ///< "a.b" names a nested field
  bool ascending = true;
  bool nulls_first = false;
};

/// One column of a scan's result, computed from the table's.
struct Projection {
  std::string name;
  std::string expression;  ///< SQL
};

/// Which columns are read only for the rows that a filter left.
struct LateColumns {
  enum class Mode { kByCost, kAll, kNone, kNamed };
  Mode mode = Mode::kByCost;
  std::vector<std::string> names;  ///< kNamed: these
};

/// What a scan reads. Members left alone have pylance's defaults.
struct LANCEA_EXPORT ScanOptions {
  /// Columns in the order wanted; "a.b" names a nested field; `_rowid`, `_rowaddr`, `_rowoffset`,
  /// `_row_created_at_version` and `_row_last_updated_at_version` may be named. nullopt: all columns.
  std::optional<std::vector<std::string>> columns;

  /// Columns computed with SQL, in the order wanted, instead of `columns`.
  std::optional<std::vector<Projection>> projections;

  /// Only rows for which this SQL expression is true. At most one of the two filters is given.
  std::optional<std::string> filter;
  /// The same as an Arrow expression over field references by name (nested ones too), not bound.
  std::shared_ptr<const arrow::compute::Expression> filter_expression;

  /// Sort by these, the first before all. With a limit only as many rows are kept as it needs; else what
  /// does not fit `sort_memory` goes through temporary files.
  std::vector<ColumnOrdering> order_by;
  uint64_t sort_memory = uint64_t{1} << 30;  ///< bytes

  std::optional<int64_t> limit;              ///< rows at most
  int64_t offset = 0;                        ///< rows skipped first
  std::optional<int64_t> batch_size;         ///< rows; default LANCE_DEFAULT_BATCH_SIZE or 8192
  std::optional<uint64_t> batch_size_bytes;  ///< batches are cut shorter to hold about so many
  bool strict_batch_size = false;  ///< every batch but the last has exactly batch_size rows
  int32_t batch_readahead = 16;    ///< batches decoded ahead of the consumer
  int32_t fragment_readahead = 4;  ///< fragments opened ahead
  uint64_t io_buffer_size = uint64_t{2} << 30;  ///< bytes of reads in flight or not yet consumed
  bool scan_in_order = true;                    ///< false: batches may come in any order
  LateColumns late_materialization;
  bool use_stats = true;              ///< skip pages that by what the file knows hold no row wanted
  bool with_row_id = false;           ///< append `_rowid`
  bool with_row_address = false;      ///< append `_rowaddr`
  bool include_deleted_rows = false;  ///< deleted rows come in place, with null `_rowid`
  std::optional<std::vector<uint64_t>> fragment_ids;  ///< only these fragments, in this order
  BlobHandling blob_handling = BlobHandling::kDescriptions;
  std::shared_ptr<IoCounters> io_counters;  ///< counts this scan's I/O when given
  std::shared_ptr<ScanCounters> counters;   ///< counts what this scan did when given
  arrow::StopToken stop_token = arrow::StopToken::Unstoppable();  ///< cancels the scan
};

/// A planned scan. Immutable; thread-safe; every call runs it anew.
class LANCEA_EXPORT Scanner {
 public:
  static arrow::Result<std::shared_ptr<Scanner>> Make(std::shared_ptr<const Dataset> dataset,
                                                      ScanOptions options);
  ~Scanner();

  /// Schema of the batches.
  const std::shared_ptr<arrow::Schema>& schema() const;

  /// Stream the rows; memory is bounded by io_buffer_size plus the batches in flight.
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> ToReader() const;

  /// All rows in memory. Chunks follow the file's pages, not batch_size.
  arrow::Result<std::shared_ptr<arrow::Table>> ToTable() const;

  /// Rows the scan would return. Reads what the filter needs, nothing else.
  arrow::Result<int64_t> CountRows() const;

  /// The steps of the scan as a tree.
  std::string ExplainPlan(bool verbose = false) const;

  /// Run the scan, drop the rows, and explain it with what each step did.
  /// \param count_rows  as CountRows would run it
  arrow::Result<std::string> AnalyzePlan(bool count_rows = false) const;

  /// The tree as data, for tools.
  PlanNode Plan() const;
  arrow::Result<PlanNode> Analyze(bool count_rows = false) const;

 private:
  class Impl;
  explicit Scanner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lancea
