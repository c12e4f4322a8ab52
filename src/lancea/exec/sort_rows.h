// All rows of a stream in order, with bounded memory.
//
// What fits is sorted where it is. Beyond, each full memory is sorted and written to a temporary file as an
// Arrow stream, a run; in the end the runs are merged, a batch of each in memory.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "arrow/util/cancel.h"
#include "lancea/exec/sort_keys.h"

namespace lancea {

struct SortOptions {
  uint64_t memory_bytes = uint64_t{1} << 30;       ///< rows held before they are written out
  int64_t batch_rows = 8192;                       ///< of what comes out
  std::atomic<uint64_t>* spilled_bytes = nullptr;  ///< counted when set
  arrow::StopToken stop_token = arrow::StopToken::Unstoppable();
};

/// Reads the whole input at once; the result streams. Rows of equal keys stay in the input's order.
arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> SortRowsOf(
    std::shared_ptr<arrow::RecordBatchReader> input, std::vector<SortKey> keys,
    const SortOptions& options, arrow::MemoryPool* pool);

}  // namespace lancea
