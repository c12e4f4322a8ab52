#include "lancea/file/checksums.h"

#include <algorithm>
#include <cstring>

#include "arrow/buffer.h"
#include "lancea/file/footer.h"
#include "lancea/util/crc32c.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr char kTrailerMagic[] = "LANCEACK";
constexpr uint32_t kVersion = 1;
constexpr uint64_t kWordBytes = sizeof(uint32_t);
constexpr uint64_t kTableEntryBytes = 16;

struct Trailer {
  uint64_t data_bytes;
  uint64_t file_bytes;
  uint32_t block_bytes;
  uint32_t version;
  uint32_t directory_crc;
  uint32_t trailer_crc;
  char magic[8];
};
static_assert(sizeof(Trailer) == 40);

uint32_t TrailerCrc(const Trailer& trailer) {
  return Crc32c(0, reinterpret_cast<const uint8_t*>(&trailer), offsetof(Trailer, trailer_crc));
}

uint32_t CrcOfWords(uint32_t seed, const uint32_t* words, uint64_t count) {
  return Crc32c(seed, reinterpret_cast<const uint8_t*>(words), count * kWordBytes);
}

}  // namespace

ChecksumLayout ChecksumLayout::Of(uint64_t data_bytes, uint64_t tail_bytes) {
  ChecksumLayout out;
  out.data_bytes = data_bytes;
  const uint64_t words =
      out.num_data() + out.num_segments() + CeilDiv(tail_bytes, kChecksumBlockBytes);
  out.tail_position = data_bytes + words * kWordBytes + sizeof(Trailer);
  out.file_bytes = out.tail_position + tail_bytes;
  return out;
}

ByteRange ChecksumLayout::Block(uint64_t block) const {
  const bool in_tail = block >= num_data();
  const uint64_t start = in_tail ? tail_position + (block - num_data()) * kChecksumBlockBytes
                                 : block * kChecksumBlockBytes;
  const uint64_t end = in_tail ? file_bytes : data_bytes;
  return {start, std::min(kChecksumBlockBytes, end - start)};
}

ByteRange ChecksumLayout::Segment(uint64_t segment) const {
  const uint64_t first = segment * kChecksumSegmentWords;
  return {data_bytes + first * kWordBytes,
          std::min(kChecksumSegmentWords, num_data() - first) * kWordBytes};
}

void ChecksumBuilder::Append(Bytes bytes) {
  while (!bytes.empty()) {
    const uint64_t room = kChecksumBlockBytes - data_bytes_ % kChecksumBlockBytes;
    const uint64_t count = std::min<uint64_t>(room, bytes.size());
    open_crc_ = Crc32c(open_crc_, bytes.data(), count);
    data_bytes_ += count;
    bytes = bytes.subspan(count);
    if (count == room) {
      data_.push_back(open_crc_);
      open_crc_ = 0;
    }
  }
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ChecksumBuilder::Finish(Bytes tail,
                                                                      arrow::MemoryPool* pool) {
  if (data_bytes_ % kChecksumBlockBytes != 0) data_.push_back(open_crc_);
  const ChecksumLayout layout = ChecksumLayout::Of(data_bytes_, tail.size());
  std::vector<uint32_t> rest;
  for (uint64_t at = 0; at < data_.size(); at += kChecksumSegmentWords) {
    rest.push_back(CrcOfWords(0, data_.data() + at,
                              std::min<uint64_t>(kChecksumSegmentWords, data_.size() - at)));
  }
  for (uint64_t at = 0; at < tail.size(); at += kChecksumBlockBytes) {
    rest.push_back(Crc32c(0, tail.data() + at, std::min(kChecksumBlockBytes, tail.size() - at)));
  }
  Trailer trailer{layout.data_bytes,
                  layout.file_bytes,
                  kChecksumBlockBytes,
                  kVersion,
                  CrcOfWords(0, rest.data(), rest.size()),
                  0,
                  {}};
  trailer.trailer_crc = TrailerCrc(trailer);
  std::memcpy(trailer.magic, kTrailerMagic, sizeof(trailer.magic));

  ARROW_ASSIGN_OR_RAISE(
      auto buffer,
      arrow::AllocateBuffer(static_cast<int64_t>(layout.tail_position - layout.data_bytes), pool));
  uint8_t* out = buffer->mutable_data();
  std::memcpy(out, data_.data(), data_.size() * kWordBytes);
  out += data_.size() * kWordBytes;
  std::memcpy(out, rest.data(), rest.size() * kWordBytes);
  std::memcpy(out + rest.size() * kWordBytes, &trailer, sizeof(trailer));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Result<FoundChecksums> FindChecksums(
    uint64_t file_bytes,
    const std::function<arrow::Result<std::shared_ptr<arrow::Buffer>>(ByteRange)>& read) {
  FoundChecksums out;
  if (file_bytes < kFooterSize + kTableEntryBytes + sizeof(Trailer)) return out;
  const uint64_t entry_position = file_bytes - kFooterSize - kTableEntryBytes;
  ARROW_ASSIGN_OR_RAISE(auto entry, read({entry_position, kTableEntryBytes}));
  const uint64_t position = LoadLittleEndian<uint64_t>(entry->data());
  const uint64_t length = LoadLittleEndian<uint64_t>(entry->data() + 8);
  if (length < sizeof(Trailer) || length > entry_position || position > entry_position - length) {
    return out;
  }
  const uint64_t end = position + length;
  ARROW_ASSIGN_OR_RAISE(auto trailer_bytes, read({end - sizeof(Trailer), sizeof(Trailer)}));
  const auto trailer = LoadLittleEndian<Trailer>(trailer_bytes->data());
  if (std::memcmp(trailer.magic, kTrailerMagic, sizeof(trailer.magic)) != 0) return out;
  out.present = true;
  if (trailer.trailer_crc != TrailerCrc(trailer)) {
    return Corrupt("the trailer of the checksum buffer is damaged, bytes ", end - sizeof(Trailer),
                   " to ", end);
  }
  if (trailer.version != kVersion) return out;
  if (trailer.data_bytes != position || trailer.file_bytes != file_bytes ||
      trailer.block_bytes != kChecksumBlockBytes ||
      ChecksumLayout::Of(position, file_bytes - end).tail_position != end) {
    return Corrupt("checksums of a file of ", trailer.file_bytes, " bytes with ",
                   trailer.data_bytes, " bytes of data, found in one of ", file_bytes, " with ",
                   position);
  }
  Checksums checksums;
  checksums.layout = {position, end, file_bytes};
  const uint64_t num_segments = checksums.layout.num_segments();
  const uint64_t num_words = num_segments + checksums.layout.num_tail();
  const ByteRange range{end - sizeof(Trailer) - num_words * kWordBytes, num_words * kWordBytes};
  ARROW_ASSIGN_OR_RAISE(auto words, read(range));
  if (Crc32c(0, words->data(), range.length) != trailer.directory_crc) {
    return Corrupt("the directory of the checksum buffer is damaged, bytes ", range.offset, " to ",
                   range.offset + range.length);
  }
  checksums.directory.resize(num_segments);
  checksums.tail.resize(num_words - num_segments);
  std::memcpy(checksums.directory.data(), words->data(), num_segments * kWordBytes);
  std::memcpy(checksums.tail.data(), words->data() + num_segments * kWordBytes,
              checksums.tail.size() * kWordBytes);
  out.checksums = std::move(checksums);
  return out;
}

}  // namespace lancea
