// The live rows of some fragments as a writer takes them, a bounded number of bytes at a time.
//
// JSON stays as it is stored and blobs come as BlobsAsGiven has them. Batches are cut by bytes: how many
// rows that is follows from the batches decoded so far and the sizes of the files, so that a batch has
// about as many bytes whether its rows are small or large. Rows of small fragments share a batch, but where
// there are blobs every batch is of one fragment.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/result.h"
#include "arrow/util/cancel.h"
#include "lancea/dataset.h"
#include "lancea/scan/read_plan.h"
#include "lancea/scan/scan_rows.h"

namespace lancea {

/// Not thread-safe.
class CompactionRows {
 public:
  struct Options {
    std::optional<uint64_t> batch_size;            ///< rows at most
    uint64_t io_buffer_size = uint64_t{16} << 20;  ///< bytes decoded ahead
    uint64_t batch_bytes = uint64_t{2} << 20;      ///< of a batch, roughly
    arrow::StopToken stop = arrow::StopToken::Unstoppable();
  };

  /// \param fragments  indices into the manifest's fragments, in order
  static arrow::Result<std::unique_ptr<CompactionRows>> Make(std::shared_ptr<const Dataset> dataset,
                                                             std::vector<size_t> fragments,
                                                             Options options);

  /// Names and, but for blobs, types of the columns.
  const arrow::Schema& schema() const { return *plan_->schema(); }

  /// The next rows; nullptr when there are no more.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next();

 private:
  CompactionRows(std::shared_ptr<const Dataset> dataset, Options options)
      : dataset_(std::move(dataset)), options_(std::move(options)) {}
  uint64_t EncodedRowBytes(size_t slice) const;
  void OpenStream();
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> NextStored();
  void Learn(const arrow::RecordBatch& batch);
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> NextWithBlobs();

  const std::shared_ptr<const Dataset> dataset_;
  const Options options_;
  std::shared_ptr<const ReadPlan> plan_;
  bool has_blobs_ = false;
  std::vector<FragmentSlice> slices_;

  std::shared_ptr<arrow::RecordBatchReader> stream_;
  size_t stream_end_ = 0;    // slices behind the ones of stream_
  uint64_t batch_rows_ = 0;  // of stream_
  double growth_ = 1;        // decoded bytes per encoded byte, as far as is known
  bool has_learned_ = false;
  size_t slice_ = 0;  // the next row to come from stream_
  uint64_t row_ = 0;  // of that slice, from 0

  // Rows whose blobs are still to be read.
  std::shared_ptr<arrow::RecordBatch> pending_;
  size_t pending_fragment_ = 0;
  std::vector<uint64_t> pending_bytes_;
  int64_t pending_row_ = 0;
};

}  // namespace lancea
