// An object whose bytes are verified against the file's checksums before anybody sees them.
//
// Every block (checksums.h) that a read touches is verified whole. In memory (a mapped file) the block is
// there already and is verified once, which a bitmap remembers: later reads cost one look at it. Reads of
// other objects are widened to whole blocks, at most 8 KiB more, and verified every time: what a disk or
// a network brings may differ from time to time.
//
//   wanted              [6000 ........ 13000)
//   read and verified  [32768 ............ 131072)   blocks 1, 2, 3
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "lancea/file/checksums.h"

namespace lancea {

/// Thread-safe.
class CheckedReader : public ObjectReader {
 public:
  /// \param locate  says which column, page and buffer bytes belong to, for the message; called only
  ///   when bytes are damaged
  CheckedReader(std::shared_ptr<ObjectReader> object, Checksums checksums,
                std::function<std::string(ByteRange)> locate);

  uint64_t size() const override { return object_->size(); }
  const std::string& path() const override { return object_->path(); }
  bool is_memory() const override { return object_->is_memory(); }

  /// \return Corrupt naming the file, what the bytes belong to, and the damaged block
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(ByteRange range) override;
  arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReadMany(
      std::span<const ByteRange> ranges) override;

  /// Verify what can be of the last bytes of the file, read from elsewhere, without reading more.
  /// \return where the verified bytes begin; they go on to the end of the file
  arrow::Result<uint64_t> VerifyEnd(uint64_t offset, const std::shared_ptr<arrow::Buffer>& bytes);

  /// Verify the whole file, the checksums too.
  arrow::Status VerifyAll();

  /// Memory held, at most.
  uint64_t memory_bytes() const;

 private:
  // Blocks [first, end).
  struct BlockRange {
    uint64_t first = 0, end = 0;
  };
  // The blocks of the data and of the tail that a range touches.
  std::array<BlockRange, 2> BlocksOf(ByteRange range) const;
  ByteRange Widened(ByteRange range) const;
  arrow::Status VerifyInMemory(ByteRange range);
  arrow::Status VerifyBlocks(BlockRange blocks, uint64_t offset, const arrow::Buffer& bytes);
  arrow::Result<std::shared_ptr<arrow::Buffer>> Segment(uint64_t segment);
  arrow::Status KeepSegment(uint64_t segment, std::shared_ptr<arrow::Buffer> words);
  arrow::Status Damaged(ByteRange range) const;

  const std::shared_ptr<ObjectReader> object_;
  const Checksums checksums_;
  const ChecksumLayout& layout_ = checksums_.layout;
  const std::function<std::string(ByteRange)> locate_;
  std::vector<std::atomic<uint64_t>> verified_;  // a bit for each block; only in memory
  std::mutex mutex_;
  std::vector<std::shared_ptr<arrow::Buffer>> segments_;  // of data[], verified; nullptr: not yet
};

}  // namespace lancea
