// A page buffer as it lies in the file, and reads of parts of it.
//
// Parts that touch or overlap become one request. An uncompressed part is asked for exactly; of a
// compressed buffer everything is, because it can only be expanded whole. A scan passes through a page
// in many reads, so an expanded buffer is kept from its first large read to the one that reaches the
// page's last row.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/compress/general.h"
#include "lancea/encoding/v2_0/array_decoder.h"

namespace lancea::v2_0 {

/// Thread-safe.
class StoredBuffer {
 public:
  /// \param range  inside the file
  StoredBuffer(ByteRange range, std::optional<CompressionScheme> compression);

  ByteRange range() const { return range_; }
  bool is_compressed() const { return kept_ != nullptr; }
  CompressionScheme compression() const { return compression_; }

  /// The expanded bytes if they are kept.
  std::shared_ptr<arrow::Buffer> kept() const;
  void Keep(std::shared_ptr<arrow::Buffer> expanded) const;

 private:
  struct Kept {
    std::mutex mutex;
    std::shared_ptr<arrow::Buffer> expanded;
  };
  ByteRange range_;
  CompressionScheme compression_ = CompressionScheme::kZstd;
  std::unique_ptr<Kept> kept_;  // nullptr: not compressed
};

/// Not thread-safe. Refers to the buffer it was made from.
class BytesRead {
 public:
  explicit BytesRead(const StoredBuffer& buffer) : buffer_(&buffer) {}

  /// Want bytes [begin, end) of the (expanded) buffer; not before the begin of an earlier call.
  /// \return Corrupt when an uncompressed buffer ends before `end`
  arrow::Status Want(uint64_t begin, uint64_t end);

  /// Say which rows of the page this is about, for keeping expanded buffers.
  void PassThrough(std::span<const RowRange> ranges, uint64_t num_rows);

  arrow::Status Advance(std::vector<ByteRange>* needs);
  arrow::Status Supply(BufferCursor* buffers);

  /// Where byte `begin` of the buffer is, with as many behind it as were wanted together. Calls ascend.
  const uint8_t* At(uint64_t begin);

  /// Everything wanted, in order, as one buffer: the supplied one when it is in one piece and its address
  /// is a multiple of `alignment`, else a copy.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Join(int64_t alignment, arrow::MemoryPool* pool) const;

 private:
  struct Piece {
    uint64_t begin, end;
    std::shared_ptr<arrow::Buffer> bytes;
  };
  arrow::Status Cut(const std::shared_ptr<arrow::Buffer>& expanded);

  const StoredBuffer* buffer_;
  std::vector<Piece> pieces_;
  size_t at_ = 0;  // the piece that At looked into last
  bool asked_ = false, supplied_ = false;
  bool keep_ = false, is_last_ = false;
};

}  // namespace lancea::v2_0
