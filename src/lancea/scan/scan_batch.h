// One batch of a scan, in two steps: its bytes are read, then they are decoded.
//
// Reads of files on this machine are a matter of memory, so one thread does both. Reads from a network
// wait: they run on the I/O executor, and only then is a thread that computes asked for.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/util/cancel.h"
#include "lancea/dataset.h"
#include "lancea/io/byte_budget.h"
#include "lancea/scan/filtered_read.h"
#include "lancea/scan/fragment_read.h"
#include "lancea/scan/read_plan.h"
#include "lancea/scan/scan_rows.h"
#include "lancea/util/claimed_task.h"

namespace lancea {

/// What all batches of a scan share, kept until the last of them is decoded.
struct ScanContext {
  explicit ScanContext(uint64_t io_buffer_size) : budget(io_buffer_size) {}

  std::shared_ptr<const Dataset> dataset;
  std::shared_ptr<const ReadPlan> plan;
  std::shared_ptr<const ScanFilter> filter;  ///< nullptr: none
  std::unique_ptr<FilteredScan> filtered;    ///< refers to the members here; set with `filter`
  ScanOptions options;
  ReadOptions read_options;  ///< its token is that of `stop`
  std::vector<size_t> all_columns;
  bool is_local = true;
  uint64_t max_batch_bytes = UINT64_MAX;   ///< longer batches are cut, unless their size is strict
  uint64_t max_reader_bytes = UINT64_MAX;  ///< decoded with the same readers

  ByteBudget budget;       ///< of batches begun and not yet handed over
  arrow::StopSource stop;  ///< ends the scan's work, whoever asks for it
  /// Largest size of a decoded row so far, in bytes, 0 before the first: encoded sizes say little.
  std::atomic<uint64_t> decoded_row_bytes{0};
};

/// Thread-safe.
class ScanBatch : public std::enable_shared_from_this<ScanBatch> {
 public:
  /// \param slices   rows of one fragment, or of several when batches have a strict size
  /// \param readers  one per slice; nullptr when there is no column to read
  /// \param priority  position in the scan: what is needed sooner is read sooner
  /// \param ticket   counts the batch against the budget until it is taken
  ScanBatch(std::shared_ptr<ScanContext> context, std::vector<FragmentSlice> slices,
            std::vector<std::shared_ptr<const FragmentColumns>> readers, uint64_t priority,
            ByteBudget::Ticket ticket);

  /// Have the executors work on it. Executors that refuse leave the work to Take.
  void Begin();

  bool is_done() const { return decoded_.is_done(); }

  /// The batch, once; this thread does what nobody has begun.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Take();

  /// Do not begin what is not begun, and wait for the rest.
  void Abandon();

 private:
  using Reads = std::vector<std::unique_ptr<FragmentRead>>;
  arrow::Result<Reads> Read();
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Decode();
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Filter();

  const std::shared_ptr<ScanContext> context_;
  const std::vector<FragmentSlice> slices_;
  const std::vector<std::shared_ptr<const FragmentColumns>> readers_;
  const int32_t priority_;
  ByteBudget::Ticket ticket_;
  ClaimedTask<Reads> read_;
  ClaimedTask<std::shared_ptr<arrow::RecordBatch>> decoded_;
};

}  // namespace lancea
