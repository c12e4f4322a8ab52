#include "lancea/change/column_change.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "lancea/change/spill_directory.h"
#include "lancea/dataset/parallel_for.h"
#include "lancea/table/commit.h"
#include "lancea/table/feature_flags.h"
#include "lancea/table/fragment.h"
#include "lancea/util/errors.h"
#include "lancea/util/uuid.h"

namespace lancea {
namespace {

constexpr uint64_t kBatchBytes = uint64_t{16} << 20;
constexpr uint64_t kMinBatchRows = 256, kMaxBatchRows = 65536;
constexpr uint64_t kIoBufferBytes = uint64_t{128} << 20;
// Fragments on their way at once: each has pages in memory.
constexpr size_t kMaxFragmentsAtOnce = 8;
constexpr uint64_t kFragmentBytes = uint64_t{256} << 20;

class MappedReader : public arrow::RecordBatchReader {
 public:
  using Function = std::function<arrow::Result<std::shared_ptr<arrow::RecordBatch>>(
      const std::shared_ptr<arrow::RecordBatch>&)>;
  MappedReader(std::shared_ptr<arrow::RecordBatchReader> rows,
               std::shared_ptr<arrow::Schema> schema, Function function)
      : rows_(std::move(rows)), schema_(std::move(schema)), function_(std::move(function)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(rows_->ReadNext(&batch));
    if (batch == nullptr) {
      out->reset();
      return arrow::Status::OK();
    }
    return function_(batch).Value(out);
  }
  arrow::Status Close() override { return rows_->Close(); }

 private:
  const std::shared_ptr<arrow::RecordBatchReader> rows_;
  const std::shared_ptr<arrow::Schema> schema_;
  const Function function_;
};

}  // namespace

std::shared_ptr<arrow::RecordBatchReader> MapBatches(std::shared_ptr<arrow::RecordBatchReader> rows,
                                                     std::shared_ptr<arrow::Schema> schema,
                                                     MappedReader::Function function) {
  return std::make_shared<MappedReader>(std::move(rows), std::move(schema), std::move(function));
}

void AppendFile(DataFile file, FragmentMetadata* fragment) {
  for (DataFile& older : fragment->files) {
    for (int32_t& id : older.fields) {
      if (id >= 0 && std::ranges::find(file.fields, id) != file.fields.end()) {
        id = kTombstoneFieldId;
      }
    }
  }
  std::erase_if(fragment->files, [](const DataFile& older) {
    return std::ranges::all_of(older.fields, [](int32_t id) { return id == kTombstoneFieldId; });
  });
  fragment->files.push_back(std::move(file));
}

arrow::Result<ColumnChange> ColumnChange::Make(const std::shared_ptr<const Dataset>& dataset,
                                               std::optional<uint64_t> fragment_id,
                                               const ColumnOptions& options) {
  ARROW_RETURN_NOT_OK(CheckWritable(*dataset->impl().manifest));
  ColumnChange out;
  ARROW_ASSIGN_OR_RAISE(out.context_, WriteContext::Make(dataset->uri(), dataset, nullptr, {}));
  out.options_ = options;
  const auto& fragments = dataset->fragments();
  for (size_t i = 0; i < fragments.size(); ++i) {
    if (!fragment_id || fragments[i].id == *fragment_id) out.fragments_.push_back(i);
  }
  if (fragment_id && out.fragments_.empty()) {
    return NotFound("fragment ", *fragment_id, " does not exist");
  }
  if (options.batch_size && *options.batch_size <= 0) {
    return InvalidInput("batch_size must be greater than zero, got ", *options.batch_size);
  }
  return out;
}

JoinMemory ColumnChange::JoinMemoryOf() const {
  return {2 * MemoryShares(context_.session->memory_limit()).held(), SpillDirectory(), pool()};
}

// Fragments on their way at once, so that together they stay within the limit on memory.
size_t ColumnChange::NumFragmentsAtOnce() const {
  const uint64_t share = context_.session->memory_limit() / 2 / kFragmentBytes;
  return std::clamp<size_t>(share, 1, kMaxFragmentsAtOnce);
}

ScanOptions ColumnChange::ScanOf(size_t index, uint64_t added_row_bytes) const {
  const FragmentMetadata& metadata = fragment(index);
  uint64_t bytes = 0;
  for (const DataFile& file : metadata.files) bytes += file.file_size_bytes;
  const uint64_t row_bytes = std::max<uint64_t>(
      1, bytes / std::max<uint64_t>(1, metadata.physical_rows) + added_row_bytes);
  const MemoryShares shares = Shares();
  // Their columns and the new ones.
  const uint64_t batch_bytes = std::min(kBatchBytes, shares.batch());
  ScanOptions scan;
  scan.fragment_ids = std::vector<uint64_t>{metadata.id};
  scan.batch_size = options_.batch_size.value_or(
      static_cast<int64_t>(std::clamp(batch_bytes / row_bytes, kMinBatchRows, kMaxBatchRows)));
  scan.io_buffer_size = std::min(kIoBufferBytes, shares.feed());
  scan.stop_token = options_.stop;
  return scan;
}

arrow::Status ColumnChange::WriteOne(size_t index, const Schema& written,
                                     arrow::RecordBatchReader* rows, FragmentMetadata* changed,
                                     std::unique_ptr<ColumnFileWriter>* out) const {
  ARROW_ASSIGN_OR_RAISE(auto writer,
                        ColumnFileWriter::Make(context_, fragment(index), written, *rows->schema(),
                                               Shares(), options_.stop));
  for (std::shared_ptr<arrow::RecordBatch> batch;;) {
    ARROW_RETURN_NOT_OK(rows->ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(writer->Write(batch));
  }
  *changed = fragment(index);
  if (changed->physical_rows > 0) {
    ARROW_ASSIGN_OR_RAISE(DataFile file, writer->Finish());
    AppendFile(std::move(file), changed);
  }
  *out = std::move(writer);
  return arrow::Status::OK();
}

arrow::Result<ChangedFragments> ColumnChange::WriteAll(const Schema& written,
                                                       const Source& source) const {
  ChangedFragments out;
  out.fragments.resize(fragments_.size());
  out.writers.resize(fragments_.size());
  std::atomic<size_t> next{0};
  auto lane = [&](size_t) -> arrow::Status {
    for (size_t i = next++; i < fragments_.size(); i = next++) {
      ARROW_RETURN_NOT_OK(options_.stop.Poll());
      ARROW_ASSIGN_OR_RAISE(auto rows, source(fragments_[i]));
      auto status =
          WriteOne(fragments_[i], written, rows.get(), &out.fragments[i], &out.writers[i]);
      if (!status.ok()) {
        next = fragments_.size();
        return status;
      }
    }
    return arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(ParallelFor(context_.session->impl().cpu_executor(),
                                  std::min(NumFragmentsAtOnce(), fragments_.size()), options_.stop,
                                  lane));
  return out;
}

arrow::Result<std::shared_ptr<Dataset>> ColumnChange::Commit(Operation operation,
                                                             ChangedFragments* changed) const {
  Transaction transaction;
  transaction.read_version = dataset().version();
  transaction.uuid = Uuid::Random().ToString();
  transaction.properties = options_.transaction_properties;
  transaction.operation = std::move(operation);
  CommitOptions commit;
  commit.commit_handler = options_.commit_handler;
  commit.stop = options_.stop;
  auto committed = lancea::Commit(context_.Target(), std::move(transaction), commit);
  if (changed != nullptr && (committed.ok() || IsCommitStatusUnknown(committed.status()))) {
    changed->Keep();
  }
  ARROW_RETURN_NOT_OK(committed.status());
  return context_.Open(std::move(committed->version));
}

}  // namespace lancea
