// All rows of a stream in order, with bounded memory.
//
// What fits is sorted where it is. Beyond, the rows held are sorted and written to a temporary file as an
// Arrow stream, a run; in the end the runs are merged, a batch of each in memory. As soon as kMostRuns of
// about one length are there they are merged into a longer one, so files and batches stay few.
//
//   memory_bytes = M    while rows come   rows held M/4, as much again joined, their keys, a batch on its way
//                       while merging     kMostRuns batches of M/256 with their keys, 3 times M/16 to come out
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
  uint64_t memory_bytes = uint64_t{1} << 30;       ///< see above
  int64_t batch_rows = 8192;                       ///< of what comes out
  std::atomic<uint64_t>* spilled_bytes = nullptr;  ///< counted when set
  arrow::StopToken stop_token = arrow::StopToken::Unstoppable();
};

/// Reads the whole input at once; the result streams. Rows of equal keys stay in the input's order.
arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> SortRowsOf(
    std::shared_ptr<arrow::RecordBatchReader> input, std::vector<SortKey> keys,
    const SortOptions& options, arrow::MemoryPool* pool);

}  // namespace lancea
