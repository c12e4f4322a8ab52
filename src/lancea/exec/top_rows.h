// The first k rows of an order, out of a stream of any length.
//
// Held are k rows and those of the last batches that may still belong to them: a row whose key is not
// below the k-th best so far is dropped at once. Rows of equal keys come in the order of the stream.
#pragma once

#include <memory>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "lancea/exec/sort_keys.h"

namespace lancea {

arrow::Result<std::shared_ptr<arrow::RecordBatch>> TopRows(arrow::RecordBatchReader* input,
                                                           const std::vector<SortKey>& keys,
                                                           int64_t num_rows,
                                                           arrow::MemoryPool* pool);

/// Rows of `batch` by position.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(const arrow::RecordBatch& batch,
                                                            const std::vector<uint32_t>& positions,
                                                            arrow::MemoryPool* pool);

}  // namespace lancea
