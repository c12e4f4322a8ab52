// A scan as a stream of batches, decoded ahead of the consumer within a bound in bytes.
//
// Batches are cut before anything is read, so each is an independent piece of work. Up to batch_readahead
// of them, and at most io_buffer_size bytes, are begun and not yet handed over. Bytes are estimated from
// the largest row decoded so far and corrected once a batch is decoded; before the first one only a few
// are begun. The next in order is always admitted, whatever its size, and done by the consumer's own thread
// when no other has begun it: the stream can deadlock neither on its bound nor on a busy executor.
#pragma once

#include <memory>
#include <vector>

#include "arrow/record_batch.h"
#include "lancea/dataset.h"
#include "lancea/scan/read_plan.h"
#include "lancea/scan/scan_rows.h"

namespace lancea {

/// With a filter batches hold what it left of so many rows looked at, possibly none: a piece of work is a
/// batch of few rows at first, so that the first rows come soon, and of more and more later.
/// The reader keeps `dataset` and `plan`. Dropping it waits for the batches being decoded at that moment
/// and no others. Not thread-safe, as every RecordBatchReader.
std::shared_ptr<arrow::RecordBatchReader> MakeScanStream(
    std::shared_ptr<const Dataset> dataset, std::shared_ptr<const ReadPlan> plan,
    std::vector<FragmentSlice> slices, ScanOptions options, int64_t batch_size,
    std::shared_ptr<const ScanFilter> filter = nullptr);

}  // namespace lancea
