// Arrays of views, which Arrow's Take does not know, as arrays of text and binary.
#pragma once

#include <memory>

#include "arrow/array.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/exec.h"
#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "arrow/type.h"
#include "arrow/util/iterator.h"

namespace lancea {

/// The batch with no column of views; nested ones stay.
inline arrow::Result<std::shared_ptr<arrow::RecordBatch>> WithoutViews(
    std::shared_ptr<arrow::RecordBatch> batch, arrow::MemoryPool* pool) {
  for (int i = 0; i < batch->num_columns(); ++i) {
    const auto& field = batch->schema()->field(i);
    const auto id = field->type()->id();
    if (id != arrow::Type::STRING_VIEW && id != arrow::Type::BINARY_VIEW) continue;
    const auto type = id == arrow::Type::STRING_VIEW ? arrow::utf8() : arrow::binary();
    arrow::compute::ExecContext context(pool);
    ARROW_ASSIGN_OR_RAISE(auto values,
                          arrow::compute::Cast(*batch->column(i), type,
                                               arrow::compute::CastOptions::Safe(), &context));
    ARROW_ASSIGN_OR_RAISE(batch, batch->SetColumn(i, field->WithType(type), std::move(values)));
  }
  return batch;
}

/// Rows with no column of views, read as they are asked for.
inline arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> WithoutViews(
    const std::shared_ptr<arrow::RecordBatchReader>& rows, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto none, arrow::RecordBatch::MakeEmpty(rows->schema(), pool));
  ARROW_ASSIGN_OR_RAISE(none, WithoutViews(std::move(none), pool));
  if (none->schema()->Equals(*rows->schema())) return rows;
  auto next = [rows, pool]() -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
    ARROW_ASSIGN_OR_RAISE(auto batch, rows->Next());
    if (batch == nullptr) return batch;
    return WithoutViews(std::move(batch), pool);
  };
  return arrow::RecordBatchReader::MakeFromIterator(arrow::MakeFunctionIterator(std::move(next)),
                                                    none->schema());
}

}  // namespace lancea
