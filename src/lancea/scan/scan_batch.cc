#include "lancea/scan/scan_batch.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "arrow/array/array_base.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/type.h"
#include "arrow/util/logging.h"
#include "arrow/util/thread_pool.h"
#include "lancea/util/referenced_bytes.h"

namespace lancea {
namespace {

// From here on a batch is worth a warning.
constexpr uint64_t kLargeBatchBytes = uint64_t{512} << 20;

// Raise `largest` to `value`.
void RaiseTo(std::atomic<uint64_t>* largest, uint64_t value) {
  uint64_t seen = largest->load();
  while (seen < value && !largest->compare_exchange_weak(seen, value)) {
  }
}

uint64_t LargeBatchBytes() {
  const char* text = std::getenv("LANCEA_LARGE_BATCH_BYTES");
  const int64_t bytes = text != nullptr ? std::atoll(text) : 0;
  return bytes > 0 ? static_cast<uint64_t>(bytes) : kLargeBatchBytes;
}

// Once per process, as Arrow's own warnings are printed.
void WarnOfLargeBatch(uint64_t bytes, int64_t num_rows) {
  static const uint64_t large = LargeBatchBytes();
  static std::atomic<bool> warned{false};
  if (bytes <= large || warned.exchange(true)) return;
  ARROW_LOG(WARNING) << "a scan's batch of " << num_rows << " rows takes " << (bytes >> 20)
                     << " MiB, and several are in memory at once; a lower batch_size takes less "
                        "(LANCEA_LARGE_BATCH_BYTES sets when this is said)";
}

}  // namespace

ScanBatch::ScanBatch(std::shared_ptr<ScanContext> context, std::vector<FragmentSlice> slices,
                     std::vector<std::shared_ptr<const FragmentColumns>> readers, uint64_t priority,
                     ByteBudget::Ticket ticket)
    : context_(std::move(context)),
      slices_(std::move(slices)),
      readers_(std::move(readers)),
      priority_(
          static_cast<int32_t>(std::min<uint64_t>(priority, std::numeric_limits<int32_t>::max()))),
      ticket_(std::move(ticket)),
      read_([this] { return Read(); }),
      decoded_([this] { return Decode(); }) {}

void ScanBatch::Begin() {
  auto self = shared_from_this();
  arrow::internal::Executor* cpu = context_->dataset->impl().session->impl().cpu_executor();
  auto decode = [self, cpu] { (void)cpu->Spawn([self] { self->decoded_.Run(); }); };
  if (context_->is_local) return decode();
  if (context_->filtered != nullptr) {
    (void)context_->read_options.io_executor->Spawn([self] { self->decoded_.Run(); });
    return;
  }
  arrow::internal::Executor* io = context_->read_options.io_executor;
  arrow::internal::TaskHints hints;
  hints.priority = priority_;
  (void)io->Spawn(hints, [self, decode] {
    self->read_.Run();
    decode();
  });
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ScanBatch::Take() {
  auto batch = decoded_.Take(context_->options.stop_token);
  ticket_.Release();
  return batch;
}

void ScanBatch::Abandon() {
  decoded_.Abandon();
  read_.Abandon();
  ticket_.Release();
}

arrow::Result<ScanBatch::Reads> ScanBatch::Read() {
  const Dataset::Impl& dataset = context_->dataset->impl();
  Reads out;
  if (context_->all_columns.empty() || context_->filtered != nullptr) return out;
  const bool with_deleted = context_->options.include_deleted_rows;
  ReadOptions read_options = context_->read_options;
  read_options.priority = priority_;
  for (size_t i = 0; i < slices_.size(); ++i) {
    ARROW_RETURN_NOT_OK(context_->stop.token().Poll());
    ARROW_ASSIGN_OR_RAISE(auto rows, PhysicalRows(dataset, slices_[i], with_deleted));
    ARROW_ASSIGN_OR_RAISE(
        auto read,
        FragmentRead::Make(dataset, *context_->plan, readers_[i], slices_[i].fragment,
                           std::move(rows), context_->all_columns, with_deleted, read_options));
    if (context_->options.counters != nullptr) {
      read->CountPages(&context_->options.counters->scan_pages);
    }
    out.push_back(std::move(read));
  }
  return out;
}

// What is read depends on what the filter leaves, so reading and decoding take turns.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> ScanBatch::Filter() {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  uint64_t rows_seen = 0;
  for (const FragmentSlice& slice : slices_) {
    ARROW_RETURN_NOT_OK(context_->stop.token().Poll());
    ARROW_ASSIGN_OR_RAISE(auto batch, context_->filtered->Read(slice));
    batches.push_back(std::move(batch));
    rows_seen += slice.rows.size();
  }
  context_->dataset->impl().session->impl().Count("lancea.rows_scanned", rows_seen);
  std::shared_ptr<arrow::RecordBatch> batch = batches[0];
  if (batches.size() > 1) {
    ARROW_ASSIGN_OR_RAISE(
        batch, arrow::ConcatenateRecordBatches(batches, context_->dataset->impl().memory_pool()));
  }
  const uint64_t bytes = ReferencedBytes(*batch);
  ticket_.Resize(bytes);
  // Of rows looked at: the next batch is one of so many.
  RaiseTo(&context_->decoded_row_bytes, bytes / rows_seen + 1);
  WarnOfLargeBatch(bytes, batch->num_rows());
  return batch;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ScanBatch::Decode() {
  if (context_->filtered != nullptr) return Filter();
  const ReadPlan& plan = *context_->plan;
  ARROW_ASSIGN_OR_RAISE(const Reads reads, read_.Take());
  int64_t num_rows = 0;
  for (const FragmentSlice& slice : slices_) num_rows += static_cast<int64_t>(slice.rows.size());
  arrow::ArrayVector columns;
  for (size_t c = 0; c < plan.columns().size(); ++c) {
    ARROW_RETURN_NOT_OK(context_->stop.token().Poll());
    arrow::ArrayVector pieces;
    for (const auto& read : reads) {
      ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector arrays, read->Finish(c));
      std::move(arrays.begin(), arrays.end(), std::back_inserter(pieces));
    }
    if (pieces.empty()) {
      ARROW_ASSIGN_OR_RAISE(auto empty, arrow::MakeEmptyArray(plan.schema()->field(c)->type()));
      columns.push_back(std::move(empty));
    } else if (pieces.size() == 1) {
      columns.push_back(std::move(pieces[0]));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto whole,
                            arrow::Concatenate(pieces, context_->dataset->impl().memory_pool()));
      columns.push_back(std::move(whole));
    }
  }
  context_->dataset->impl().session->impl().Count("lancea.rows_scanned",
                                                  static_cast<uint64_t>(num_rows));
  auto batch = arrow::RecordBatch::Make(plan.schema(), num_rows, std::move(columns));
  if (num_rows > 0) {
    const uint64_t bytes = ReferencedBytes(*batch);
    ticket_.Resize(bytes);
    RaiseTo(&context_->decoded_row_bytes, bytes / static_cast<uint64_t>(num_rows) + 1);
    WarnOfLargeBatch(bytes, num_rows);
  }
  return batch;
}

}  // namespace lancea
