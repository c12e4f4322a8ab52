#include "lancea/change/merge_insert_spill.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "arrow/array.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/io/file.h"
#include "arrow/io/memory.h"
#include "arrow/ipc/reader.h"
#include "arrow/ipc/writer.h"
#include "arrow/record_batch.h"
#include "arrow/util/byte_size.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// The whole file from its beginning, without moving the descriptor's own position: several may read.
class SpillInput : public arrow::io::InputStream {
 public:
  SpillInput(int descriptor, arrow::MemoryPool* pool) : descriptor_(descriptor), pool_(pool) {}
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Result<int64_t> Read(int64_t size, void* out) override {
    int64_t done = 0;
    while (done < size) {
      const ssize_t now = pread(descriptor_, static_cast<char*>(out) + done,
                                static_cast<size_t>(size - done), position_);
      if (now < 0 && errno == EINTR) continue;
      if (now < 0) return arrow::Status::IOError("reading a temporary file: ", strerror(errno));
      if (now == 0) break;
      done += now;
      position_ += now;
    }
    return done;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(size, pool_));
    ARROW_ASSIGN_OR_RAISE(int64_t done, Read(size, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(done));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  const int descriptor_;
  arrow::MemoryPool* const pool_;
  int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace

arrow::Result<std::unique_ptr<SpillFile>> SpillFile::Create(
    const std::string& directory, const std::shared_ptr<arrow::Schema>& schema,
    arrow::MemoryPool* pool) {
  std::string path = directory + "/lancea-merge-XXXXXX";
  std::unique_ptr<SpillFile> file(new SpillFile(pool));
  file->descriptor_ = mkstemp(path.data());
  if (file->descriptor_ < 0) {
    return arrow::Status::IOError("making a temporary file in ", directory, ": ", strerror(errno));
  }
  unlink(path.c_str());
  // Closed by this, not by the stream: readers come after it.
  ARROW_ASSIGN_OR_RAISE(file->out_, arrow::io::FileOutputStream::Open(dup(file->descriptor_)));
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.memory_pool = pool;
  ARROW_ASSIGN_OR_RAISE(file->writer_, arrow::ipc::MakeStreamWriter(file->out_, schema, options));
  return file;
}

SpillFile::~SpillFile() {
  writer_.reset();
  out_.reset();
  if (descriptor_ >= 0) close(descriptor_);
}

arrow::Status SpillFile::Write(const arrow::RecordBatch& batch) {
  return writer_->WriteRecordBatch(batch);
}

arrow::Status SpillFile::Finish() {
  ARROW_RETURN_NOT_OK(writer_->Close());
  ARROW_ASSIGN_OR_RAISE(int64_t size, out_->Tell());
  num_bytes_ = static_cast<uint64_t>(size);
  writer_.reset();
  return out_->Close();
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> SpillFile::Read() const {
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = pool_;
  ARROW_ASSIGN_OR_RAISE(auto reader,
                        arrow::ipc::RecordBatchStreamReader::Open(
                            std::make_shared<SpillInput>(descriptor_, pool_), options));
  return std::shared_ptr<arrow::RecordBatchReader>(std::move(reader));
}

PartitionedSpill::PartitionedSpill(std::string directory, std::shared_ptr<arrow::Schema> schema,
                                   uint64_t buffer_bytes, arrow::MemoryPool* pool)
    : directory_(std::move(directory)),
      schema_(std::move(schema)),
      buffer_bytes_(buffer_bytes),
      pool_(pool),
      pending_(kNumPartitions),
      files_(kNumPartitions) {}

PartitionedSpill::~PartitionedSpill() = default;

arrow::Status PartitionedSpill::Write(const std::shared_ptr<arrow::RecordBatch>& rows,
                                      const std::vector<uint64_t>& hashes) {
  std::vector<std::vector<int32_t>> chosen(kNumPartitions);
  for (size_t row = 0; row < hashes.size(); ++row) {
    chosen[hashes[row] >> kHashShift].push_back(static_cast<int32_t>(row));
  }
  static_assert(kNumPartitions == size_t{1} << (64 - kHashShift));
  arrow::compute::ExecContext context(pool_);
  for (size_t i = 0; i < kNumPartitions; ++i) {
    if (chosen[i].empty()) continue;
    const arrow::Int32Array indices(static_cast<int64_t>(chosen[i].size()),
                                    arrow::Buffer::Wrap(chosen[i].data(), chosen[i].size()));
    ARROW_ASSIGN_OR_RAISE(
        arrow::Datum taken,
        arrow::compute::Take(rows, indices.data(), arrow::compute::TakeOptions::NoBoundsCheck(),
                             &context));
    ARROW_ASSIGN_OR_RAISE(int64_t bytes, arrow::util::ReferencedBufferSize(*taken.record_batch()));
    buffered_ += static_cast<uint64_t>(bytes);
    pending_[i].push_back(taken.record_batch());
  }
  if (buffered_ < buffer_bytes_) return arrow::Status::OK();
  for (size_t i = 0; i < kNumPartitions; ++i) ARROW_RETURN_NOT_OK(Flush(i));
  buffered_ = 0;
  return arrow::Status::OK();
}

arrow::Status PartitionedSpill::Flush(size_t partition) {
  auto& pending = pending_[partition];
  if (pending.empty()) return arrow::Status::OK();
  if (files_[partition] == nullptr) {
    ARROW_ASSIGN_OR_RAISE(files_[partition], SpillFile::Create(directory_, schema_, pool_));
  }
  ARROW_ASSIGN_OR_RAISE(auto batch, arrow::ConcatenateRecordBatches(pending, pool_));
  pending.clear();
  return files_[partition]->Write(*batch);
}

arrow::Status PartitionedSpill::Finish() {
  const bool fits = std::ranges::all_of(files_, [](const auto& file) { return file == nullptr; });
  if (fits) return arrow::Status::OK();
  for (size_t i = 0; i < kNumPartitions; ++i) {
    ARROW_RETURN_NOT_OK(Flush(i));
    if (files_[i] != nullptr) ARROW_RETURN_NOT_OK(files_[i]->Finish());
  }
  buffered_ = 0;
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> PartitionedSpill::Read(
    size_t partition) const {
  if (files_[partition] != nullptr) return files_[partition]->Read();
  if (pending_[partition].empty()) return nullptr;
  return arrow::RecordBatchReader::Make(pending_[partition], schema_);
}

uint64_t PartitionedSpill::num_bytes() const {
  uint64_t sum = 0;
  for (const auto& file : files_) sum += file == nullptr ? 0 : file->num_bytes();
  return sum;
}

}  // namespace lancea
