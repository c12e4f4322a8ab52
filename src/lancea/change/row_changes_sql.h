// SQL values over the columns of a batch: what an update sets, what a merge asks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/compute/expression.h"
#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// One expression, bound to the columns it reads. Immutable, thread-safe.
class SqlValue {
 public:
  /// \param schema  of all there is to refer to, as EvaluatedSchema (exec/conjuncts.h)
  /// \return InvalidInput when it does not parse or names no column
  static arrow::Result<SqlValue> Parse(const std::string& sql,
                                       const std::shared_ptr<arrow::Schema>& schema);

  /// Paths of the columns it reads: the top-level name, or that and the name below it.
  std::vector<std::vector<std::string>> Columns(size_t depth) const;

  const std::shared_ptr<arrow::DataType>& type() const { return type_; }

  /// \param rows  has the columns it reads, by name, in any order; others do not matter
  arrow::Result<std::shared_ptr<arrow::Array>> Evaluate(const arrow::RecordBatch& rows,
                                                        arrow::MemoryPool* pool) const;

 private:
  arrow::compute::Expression expression_;
  std::shared_ptr<arrow::DataType> type_;
};

/// The values as another type, as an assignment converts: fractions are cut off, what does not fit is
/// refused.
arrow::Result<std::shared_ptr<arrow::Array>> Assign(const std::shared_ptr<arrow::Array>& values,
                                                    const std::shared_ptr<arrow::DataType>& type,
                                                    arrow::MemoryPool* pool);

}  // namespace lancea
