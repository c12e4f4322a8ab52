// Columns of a result computed from those of another: renamed, reordered, or by an expression.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/compute/expression.h"
#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// Immutable, thread-safe.
class ProjectColumns {
 public:
  struct Column {
    std::string name;
    int input = -1;                              ///< this column as it is, when not negative
    arrow::compute::Expression expression = {};  ///< else this, not bound
  };

  static arrow::Result<std::shared_ptr<const ProjectColumns>> Make(
      std::shared_ptr<arrow::Schema> input, std::vector<Column> columns);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Apply(const arrow::RecordBatch& batch,
                                                           arrow::MemoryPool* pool) const;
  arrow::Result<std::shared_ptr<arrow::Table>> Apply(const arrow::Table& table,
                                                     arrow::MemoryPool* pool) const;
  /// The stream, projected.
  static std::shared_ptr<arrow::RecordBatchReader> Stream(
      std::shared_ptr<const ProjectColumns> project,
      std::shared_ptr<arrow::RecordBatchReader> input, arrow::MemoryPool* pool);

 private:
  ProjectColumns() = default;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<Column> columns_;
  // Of expressions: what they read, in the order of their bound schema.
  std::vector<std::vector<int>> inputs_;
};

}  // namespace lancea
