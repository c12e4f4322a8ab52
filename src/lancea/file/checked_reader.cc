#include "lancea/file/checked_reader.h"

#include <algorithm>
#include <array>
#include <bit>

#include "arrow/buffer.h"
#include "lancea/io/check_range.h"
#include "lancea/util/crc32c.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint64_t kWordBits = 64;
// VerifyAll reads this much at once.
constexpr uint64_t kPieceBytes = uint64_t{8} << 20;

arrow::Result<std::shared_ptr<arrow::Buffer>> ReadExactly(ObjectReader& object, ByteRange range) {
  ARROW_ASSIGN_OR_RAISE(auto bytes, object.ReadAt(range));
  if (bytes == nullptr || static_cast<uint64_t>(bytes->size()) != range.length) {
    return arrow::Status::IOError(object.path(), ": asked for ", range.length, " bytes at ",
                                  range.offset, ", the store gave ",
                                  bytes == nullptr ? 0 : bytes->size());
  }
  return bytes;
}

}  // namespace

CheckedReader::CheckedReader(std::shared_ptr<ObjectReader> object, Checksums checksums,
                             std::function<std::string(ByteRange)> locate)
    : object_(std::move(object)),
      checksums_(std::move(checksums)),
      locate_(std::move(locate)),
      verified_(object_->is_memory() ? (layout_.num_blocks() + kWordBits - 1) / kWordBits : 0),
      segments_(layout_.num_segments()) {}

std::array<CheckedReader::BlockRange, 2> CheckedReader::BlocksOf(ByteRange range) const {
  const uint64_t num_data = layout_.num_data();
  std::array<BlockRange, 2> out;
  const uint64_t end = range.offset + range.length;
  if (range.length == 0) return out;
  if (range.offset < layout_.data_bytes) {
    out[0] = {range.offset / kChecksumBlockBytes,
              (std::min(end, layout_.data_bytes) + kChecksumBlockBytes - 1) / kChecksumBlockBytes};
  }
  if (end > layout_.tail_position) {
    const uint64_t start = std::max(range.offset, layout_.tail_position) - layout_.tail_position;
    out[1] = {
        num_data + start / kChecksumBlockBytes,
        num_data + (end - layout_.tail_position + kChecksumBlockBytes - 1) / kChecksumBlockBytes};
  }
  return out;
}

ByteRange CheckedReader::Widened(ByteRange range) const {
  uint64_t start = range.offset;
  uint64_t end = range.offset + range.length;
  for (const BlockRange& blocks : BlocksOf(range)) {
    if (blocks.first == blocks.end) continue;
    const ByteRange last = layout_.Block(blocks.end - 1);
    start = std::min(start, layout_.Block(blocks.first).offset);
    end = std::max(end, last.offset + last.length);
  }
  return {start, end - start};
}

arrow::Result<std::shared_ptr<arrow::Buffer>> CheckedReader::ReadAt(ByteRange range) {
  ARROW_RETURN_NOT_OK(CheckRange(range, size(), path()));
  if (object_->is_memory()) {
    ARROW_RETURN_NOT_OK(VerifyInMemory(range));
    return object_->ReadAt(range);
  }
  const ByteRange wide = Widened(range);
  ARROW_ASSIGN_OR_RAISE(auto bytes, ReadExactly(*object_, wide));
  for (const BlockRange& blocks : BlocksOf(range)) {
    ARROW_RETURN_NOT_OK(VerifyBlocks(blocks, wide.offset, *bytes));
  }
  if (wide == range) return bytes;
  return arrow::SliceBuffer(bytes, static_cast<int64_t>(range.offset - wide.offset),
                            static_cast<int64_t>(range.length));
}

arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> CheckedReader::ReadMany(
    std::span<const ByteRange> ranges) {
  for (const ByteRange& range : ranges) ARROW_RETURN_NOT_OK(CheckRange(range, size(), path()));
  if (object_->is_memory()) {
    for (const ByteRange& range : ranges) ARROW_RETURN_NOT_OK(VerifyInMemory(range));
    return object_->ReadMany(ranges);
  }
  std::vector<ByteRange> wide;
  wide.reserve(ranges.size());
  for (const ByteRange& range : ranges) wide.push_back(Widened(range));
  ARROW_ASSIGN_OR_RAISE(auto out, object_->ReadMany(wide));
  if (out.size() != ranges.size()) {
    return arrow::Status::IOError(path(), ": asked for ", ranges.size(), " ranges, the store gave ",
                                  out.size());
  }
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i] == nullptr || static_cast<uint64_t>(out[i]->size()) != wide[i].length) {
      return arrow::Status::IOError(path(), ": a read of ", wide[i].length, " bytes at ",
                                    wide[i].offset, " came back with another size");
    }
    for (const BlockRange& blocks : BlocksOf(ranges[i])) {
      ARROW_RETURN_NOT_OK(VerifyBlocks(blocks, wide[i].offset, *out[i]));
    }
    out[i] = arrow::SliceBuffer(out[i], static_cast<int64_t>(ranges[i].offset - wide[i].offset),
                                static_cast<int64_t>(ranges[i].length));
  }
  return out;
}

arrow::Status CheckedReader::VerifyInMemory(ByteRange range) {
  auto is_verified = [&](uint64_t block) {
    return (verified_[block / kWordBits].load(std::memory_order_relaxed) >> (block % kWordBits)) &
           1;
  };
  for (const BlockRange& blocks : BlocksOf(range)) {
    for (uint64_t block = blocks.first; block < blocks.end;) {
      if (block % kWordBits == 0 &&
          verified_[block / kWordBits].load(std::memory_order_relaxed) == ~uint64_t{0}) {
        block += kWordBits;
        continue;
      }
      if (is_verified(block)) {
        ++block;
        continue;
      }
      // A run of blocks not verified yet, within one word.
      uint64_t end = block + 1;
      while (end < blocks.end && end % kWordBits != 0 && !is_verified(end)) ++end;
      const ByteRange first = layout_.Block(block);
      const ByteRange last = layout_.Block(end - 1);
      ARROW_ASSIGN_OR_RAISE(
          auto bytes,
          ReadExactly(*object_, {first.offset, last.offset + last.length - first.offset}));
      ARROW_RETURN_NOT_OK(VerifyBlocks({block, end}, first.offset, *bytes));
      const uint64_t ones =
          end - block == kWordBits ? ~uint64_t{0} : ((uint64_t{1} << (end - block)) - 1);
      verified_[block / kWordBits].fetch_or(ones << (block % kWordBits), std::memory_order_relaxed);
      block = end;
    }
  }
  return arrow::Status::OK();
}

arrow::Status CheckedReader::VerifyBlocks(BlockRange blocks, uint64_t offset,
                                          const arrow::Buffer& bytes) {
  const uint64_t num_data = layout_.num_data();
  std::shared_ptr<arrow::Buffer> segment;
  uint64_t segment_index = UINT64_MAX;
  for (uint64_t block = blocks.first; block < blocks.end; ++block) {
    uint32_t expected;
    if (block >= num_data) {
      expected = checksums_.tail[block - num_data];
    } else {
      if (block / kChecksumSegmentWords != segment_index) {
        segment_index = block / kChecksumSegmentWords;
        ARROW_ASSIGN_OR_RAISE(segment, Segment(segment_index));
      }
      expected = LoadLittleEndian<uint32_t>(segment->data() +
                                            block % kChecksumSegmentWords * sizeof(uint32_t));
    }
    const ByteRange range = layout_.Block(block);
    if (Crc32c(0, bytes.data() + (range.offset - offset), range.length) != expected) {
      return Damaged(range);
    }
  }
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::Buffer>> CheckedReader::Segment(uint64_t segment) {
  {
    std::lock_guard lock(mutex_);
    if (segments_[segment] != nullptr) return segments_[segment];
  }
  const ByteRange range = layout_.Segment(segment);
  ARROW_ASSIGN_OR_RAISE(auto words, ReadExactly(*object_, range));
  ARROW_RETURN_NOT_OK(KeepSegment(segment, words));
  return words;
}

arrow::Status CheckedReader::KeepSegment(uint64_t segment, std::shared_ptr<arrow::Buffer> words) {
  if (Crc32c(0, words->data(), static_cast<size_t>(words->size())) !=
      checksums_.directory[segment]) {
    const ByteRange range = layout_.Segment(segment);
    return Corrupt(path(), ": the checksums at bytes ", range.offset, " to ",
                   range.offset + range.length, " are damaged");
  }
  std::lock_guard lock(mutex_);
  segments_[segment] = std::move(words);
  return arrow::Status::OK();
}

arrow::Result<uint64_t> CheckedReader::VerifyEnd(uint64_t offset,
                                                 const std::shared_ptr<arrow::Buffer>& bytes) {
  if (offset > layout_.tail_position) {
    const uint64_t blocks =
        (offset - layout_.tail_position + kChecksumBlockBytes - 1) / kChecksumBlockBytes;
    const BlockRange whole{std::min(layout_.num_data() + blocks, layout_.num_blocks()),
                           layout_.num_blocks()};
    ARROW_RETURN_NOT_OK(VerifyBlocks(whole, offset, *bytes));
    return whole.first == whole.end ? size() : layout_.Block(whole.first).offset;
  }
  ARROW_RETURN_NOT_OK(VerifyBlocks({layout_.num_data(), layout_.num_blocks()}, offset, *bytes));
  // Data blocks too, as far back as their checksums are among the bytes.
  uint64_t first = layout_.num_data();
  for (uint64_t i = layout_.num_segments(); i-- > 0;) {
    const ByteRange range = layout_.Segment(i);
    if (range.offset < offset) break;
    ARROW_RETURN_NOT_OK(
        KeepSegment(i, arrow::SliceBuffer(bytes, static_cast<int64_t>(range.offset - offset),
                                          static_cast<int64_t>(range.length))));
    first = i * kChecksumSegmentWords;
  }
  first = std::max(first, (offset + kChecksumBlockBytes - 1) / kChecksumBlockBytes);
  if (first >= layout_.num_data()) return std::max(offset, layout_.data_bytes);
  ARROW_RETURN_NOT_OK(VerifyBlocks({first, layout_.num_data()}, offset, *bytes));
  return layout_.Block(first).offset;
}

arrow::Status CheckedReader::Damaged(ByteRange range) const {
  return Corrupt(path(), ": wrong checksum of bytes ", range.offset, " to ",
                 range.offset + range.length, ": ", locate_(range));
}

arrow::Status CheckedReader::VerifyAll() {
  for (uint64_t segment = 0; segment < layout_.num_segments(); ++segment) {
    ARROW_RETURN_NOT_OK(Segment(segment));
  }
  for (uint64_t at = 0; at < size(); at += kPieceBytes) {
    ARROW_RETURN_NOT_OK(ReadAt({at, std::min(kPieceBytes, size() - at)}));
  }
  return arrow::Status::OK();
}

uint64_t CheckedReader::memory_bytes() const {
  uint64_t bytes = sizeof(*this) + segments_.size() * sizeof(segments_[0]) +
                   (checksums_.directory.size() + checksums_.tail.size()) * sizeof(uint32_t) +
                   verified_.size() * sizeof(verified_[0]);
  if (!object_->is_memory()) bytes += layout_.num_data() * sizeof(uint32_t);
  return bytes;
}

}  // namespace lancea
