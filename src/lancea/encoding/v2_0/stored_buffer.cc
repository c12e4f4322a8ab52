#include "lancea/encoding/v2_0/stored_buffer.h"

#include <cstring>

#include "arrow/buffer.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {
namespace {

// Reads of fewer rows are takes: what they expand is not kept.
constexpr uint64_t kScanRows = 1024;

}  // namespace

StoredBuffer::StoredBuffer(ByteRange range, std::optional<CompressionScheme> compression)
    : range_(range) {
  if (compression.has_value()) {
    compression_ = *compression;
    kept_ = std::make_unique<Kept>();
  }
}

std::shared_ptr<arrow::Buffer> StoredBuffer::kept() const {
  std::lock_guard<std::mutex> lock(kept_->mutex);
  return kept_->expanded;
}

void StoredBuffer::Keep(std::shared_ptr<arrow::Buffer> expanded) const {
  std::lock_guard<std::mutex> lock(kept_->mutex);
  kept_->expanded = std::move(expanded);
}

arrow::Status BytesRead::Want(uint64_t begin, uint64_t end) {
  if (begin > end || (!buffer_->is_compressed() && end > buffer_->range().length)) {
    return Corrupt("need bytes ", begin, " to ", end, " of a buffer of ", buffer_->range().length);
  }
  if (begin == end) return arrow::Status::OK();
  if (!pieces_.empty() && begin <= pieces_.back().end) {
    pieces_.back().end = std::max(pieces_.back().end, end);
  } else {
    pieces_.push_back({begin, end, nullptr});
  }
  return arrow::Status::OK();
}

void BytesRead::PassThrough(std::span<const RowRange> ranges, uint64_t num_rows) {
  is_last_ = !ranges.empty() && ranges.back().end == num_rows;
  keep_ = ranges.size() == 1 && ranges[0].size() >= kScanRows && !is_last_;
}

arrow::Status BytesRead::Cut(const std::shared_ptr<arrow::Buffer>& expanded) {
  const uint64_t size = static_cast<uint64_t>(expanded->size());
  for (Piece& piece : pieces_) {
    if (piece.end > size) {
      return Corrupt("need bytes ", piece.begin, " to ", piece.end, " of a buffer that expands to ", size);
    }
    piece.bytes = arrow::SliceBuffer(expanded, static_cast<int64_t>(piece.begin),
                                     static_cast<int64_t>(piece.end - piece.begin));
  }
  supplied_ = true;
  return arrow::Status::OK();
}

arrow::Status BytesRead::Advance(std::vector<ByteRange>* needs) {
  if (asked_ || supplied_ || pieces_.empty()) return arrow::Status::OK();
  if (buffer_->is_compressed()) {
    if (auto expanded = buffer_->kept()) {
      if (is_last_) buffer_->Keep(nullptr);
      return Cut(expanded);
    }
    needs->push_back(buffer_->range());
  } else {
    const uint64_t offset = buffer_->range().offset;
    for (const Piece& piece : pieces_) needs->push_back({offset + piece.begin, piece.end - piece.begin});
  }
  asked_ = true;
  return arrow::Status::OK();
}

arrow::Status BytesRead::Supply(BufferCursor* buffers) {
  if (!asked_ || supplied_) return arrow::Status::OK();
  supplied_ = true;
  if (!buffer_->is_compressed()) {
    for (Piece& piece : pieces_) piece.bytes = buffers->Next();
    return arrow::Status::OK();
  }
  const std::shared_ptr<arrow::Buffer> stored = buffers->Next();
  ARROW_ASSIGN_OR_RAISE(std::vector<uint8_t> bytes,
                        Decompress(buffer_->compression(),
                                   Bytes(stored->data(), static_cast<size_t>(stored->size()))));
  std::shared_ptr<arrow::Buffer> expanded = arrow::Buffer::FromVector(std::move(bytes));
  if (keep_) buffer_->Keep(expanded);
  return Cut(expanded);
}

const uint8_t* BytesRead::At(uint64_t begin) {
  while (begin >= pieces_[at_].end && at_ + 1 < pieces_.size()) ++at_;
  return pieces_[at_].bytes->data() + (begin - pieces_[at_].begin);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> BytesRead::Join(int64_t alignment,
                                                              arrow::MemoryPool* pool) const {
  if (pieces_.size() == 1 &&
      reinterpret_cast<uintptr_t>(pieces_[0].bytes->data()) % static_cast<uintptr_t>(alignment) == 0) {
    return pieces_[0].bytes;
  }
  int64_t size = 0;
  for (const Piece& piece : pieces_) size += piece.bytes->size();
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::Buffer> joined, arrow::AllocateBuffer(size, pool));
  uint8_t* to = joined->mutable_data();
  for (const Piece& piece : pieces_) {
    std::memcpy(to, piece.bytes->data(), static_cast<size_t>(piece.bytes->size()));
    to += piece.bytes->size();
  }
  return std::shared_ptr<arrow::Buffer>(std::move(joined));
}

}  // namespace lancea::v2_0
