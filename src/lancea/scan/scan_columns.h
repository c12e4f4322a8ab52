// The columns of a scan's result, and the columns that are read for them.
//
//   columns: id, s.x                  read: id, s.x
//   projections: a + b AS c, s.x AS y read: a, b, s         computed: c, y
//   ordered by k                      read: those and k     computed: those without k
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/compute/expression.h"
#include "arrow/result.h"
#include "lancea/dataset.h"
#include "lancea/exec/project.h"

namespace lancea {

/// InvalidInput or NotFound for options that no table, or not this one, can serve.
arrow::Status CheckScanOptions(const ScanOptions& options, const arrow::Schema& schema);

class ScanColumns {
 public:
  static arrow::Result<ScanColumns> Of(const Dataset::Impl& dataset, const ScanOptions& options);

  /// The options of the read: columns by name, without an order.
  const ScanOptions& read() const { return read_; }

  /// Read the columns of an order too, after `columns`.
  void AddKeys(const std::vector<ColumnOrdering>& order, const arrow::Schema& columns);

  /// How the result follows from what was read.
  /// \param num_columns  of `from` that the result has when nothing is computed
  arrow::Result<std::shared_ptr<const ProjectColumns>> Project(
      const std::shared_ptr<arrow::Schema>& from, int num_columns) const;

  /// The same as explained to users.
  std::vector<std::string> Shown(const arrow::Schema& from, int num_columns) const;

 private:
  ScanOptions read_;
  std::vector<Projection> projections_;
  std::vector<arrow::compute::Expression> expressions_;  // of the projections
  std::vector<std::string> system_columns_;              // after the projections
};

}  // namespace lancea
