// A stream cut anew: batches of one size, with rows skipped at the start and no more than a limit.
#pragma once

#include <cstdint>
#include <memory>

#include "arrow/record_batch.h"

namespace lancea {

struct BatchCut {
  int64_t num_rows = 8192;  ///< of every batch but the last
  int64_t offset = 0;       ///< rows skipped first
  int64_t limit = -1;       ///< rows at most; negative: all
  uint64_t num_bytes = 0;   ///< a batch is cut shorter to hold about so many; 0: whatever they take
};

/// The input is closed as soon as enough rows have come. Small batches are joined, large ones sliced.
std::shared_ptr<arrow::RecordBatchReader> CutBatches(
    std::shared_ptr<arrow::RecordBatchReader> input, BatchCut cut, arrow::MemoryPool* pool);

}  // namespace lancea
