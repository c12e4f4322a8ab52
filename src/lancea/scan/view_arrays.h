// Arrays of views, which Arrow's Take does not know, as arrays of text and binary.
#pragma once

#include <memory>

#include "arrow/array.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/exec.h"
#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "arrow/type.h"

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

}  // namespace lancea
