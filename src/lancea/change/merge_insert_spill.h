// Rows of a merge that do not fit in memory: temporary files, one per partition of the keys.
//
//   {spill directory}/lancea-merge-XXXXXX     an Arrow IPC stream; unlinked as soon as it is open, so
//                                             nothing stays behind when the process dies
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/io/type_fwd.h"
#include "arrow/ipc/type_fwd.h"
#include "arrow/result.h"
#include "arrow/type_fwd.h"

namespace lancea {

/// Batches in the order written; read as often as wanted once finished. Not thread-safe.
class SpillFile {
 public:
  static arrow::Result<std::unique_ptr<SpillFile>> Create(
      const std::string& directory, const std::shared_ptr<arrow::Schema>& schema,
      arrow::MemoryPool* pool);
  ~SpillFile();

  arrow::Status Write(const arrow::RecordBatch& batch);
  arrow::Status Finish();
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Read() const;
  uint64_t num_bytes() const { return num_bytes_; }

 private:
  explicit SpillFile(arrow::MemoryPool* pool) : pool_(pool) {}
  arrow::MemoryPool* const pool_;
  int descriptor_ = -1;
  std::shared_ptr<arrow::io::OutputStream> out_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  uint64_t num_bytes_ = 0;
};

/// Splits batches by a hash of their keys. The same hash always goes to the same partition. What fits into
/// the buffer altogether stays in memory.
class PartitionedSpill {
 public:
  static constexpr size_t kNumPartitions = 64;
  /// The partition is the hash from this bit up.
  static constexpr int kHashShift = 58;

  /// \param buffer_bytes  gathered in memory, all partitions together, before they are written
  PartitionedSpill(std::string directory, std::shared_ptr<arrow::Schema> schema,
                   uint64_t buffer_bytes, arrow::MemoryPool* pool);
  ~PartitionedSpill();

  /// \param hashes  one for each row
  arrow::Status Write(const std::shared_ptr<arrow::RecordBatch>& rows,
                      const std::vector<uint64_t>& hashes);
  arrow::Status Finish();

  /// The rows of a partition; nullptr: it has none.
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Read(size_t partition) const;
  uint64_t num_bytes() const;  ///< in files

 private:
  arrow::Status Flush(size_t partition);

  std::string directory_;
  std::shared_ptr<arrow::Schema> schema_;
  uint64_t buffer_bytes_;
  arrow::MemoryPool* pool_;
  uint64_t buffered_ = 0;
  std::vector<std::vector<std::shared_ptr<arrow::RecordBatch>>> pending_;
  std::vector<std::unique_ptr<SpillFile>> files_;
};

}  // namespace lancea
