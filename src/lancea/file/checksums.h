// Checksums of a data file: CRC32C of every byte of it, in a global buffer of our own that other
// readers ignore.
//
//   | pages, blobs, global buffers | checksum buffer | column metadata, tables, footer |
//   0                         data_bytes         tail_position                    file_bytes
//
// Checksum buffer, the last of the global buffers, its start aligned to 64, all little-endian:
//   u32 data[ceil(data_bytes / 32768)]     of the file's blocks from 0 on, the last of which may be short
//   u32 directory[ceil(num_data / 16384)] of each 64 KiB of data[]
//   u32 tail[ceil((file_bytes - tail_position) / 32768)]    of blocks counted from tail_position
//   u64 data_bytes                        trailer, 40 bytes
//   u64 file_bytes
//   u32 block_bytes                       32768
//   u32 version                           1
//   u32 CRC of directory[] and tail[]
//   u32 CRC of the trailer before this word
//   "LANCEACK"
//
// Why blocks of the file and not buffers: a take reads a part of a buffer and must verify it without
// reading the rest; padding is covered too; and 32 KiB is no more than what a system reads ahead of a mapped file.
// The words are 0.012 % of the file.
//
// How it is found: the last entry of the global buffer table stands right before the footer, the trailer
// at the end of what it names; no field of the footer is trusted for that. The file descriptor's schema
// metadata hold kChecksumsKey with the buffer's index as well. One flipped bit cannot hide both, so a
// file with only the key is Corrupt. A version not known here counts as no checksums.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/object_store.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// Key of the file descriptor's schema metadata; never part of a table's schema.
inline constexpr char kChecksumsKey[] = "lancea.checksums";
inline constexpr uint64_t kChecksumBlockBytes = 32 * 1024;
/// Words of data[] under one word of the directory.
inline constexpr uint64_t kChecksumSegmentWords = 16 * 1024;

/// Where everything is in a file with checksums. A plain value.
struct ChecksumLayout {
  uint64_t data_bytes = 0;     ///< also the position of the checksum buffer
  uint64_t tail_position = 0;  ///< end of the checksum buffer
  uint64_t file_bytes = 0;

  /// \param tail_bytes  of column metadata, tables and footer
  static ChecksumLayout Of(uint64_t data_bytes, uint64_t tail_bytes);

  uint64_t num_data() const { return CeilDiv(data_bytes, kChecksumBlockBytes); }
  uint64_t num_segments() const { return CeilDiv(num_data(), kChecksumSegmentWords); }
  uint64_t num_tail() const { return CeilDiv(file_bytes - tail_position, kChecksumBlockBytes); }
  /// Blocks are numbered through: those of the data, then those of the tail.
  uint64_t num_blocks() const { return num_data() + num_tail(); }
  ByteRange Block(uint64_t block) const;
  ByteRange Segment(uint64_t segment) const;
  bool operator==(const ChecksumLayout&) const = default;

 private:
  static uint64_t CeilDiv(uint64_t a, uint64_t b) { return a / b + (a % b != 0); }
};

/// Checksums while the file is being written. Not thread-safe.
class ChecksumBuilder {
 public:
  /// Count the next bytes of the file.
  void Append(Bytes bytes);

  /// Bytes counted so far.
  uint64_t data_bytes() const { return data_bytes_; }

  /// The checksum buffer; nothing may be appended any more.
  /// \param tail  what will stand behind it up to the end of the file
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish(Bytes tail, arrow::MemoryPool* pool);

 private:
  uint64_t data_bytes_ = 0;
  uint32_t open_crc_ = 0;  // of the block not yet full
  std::vector<uint32_t> data_;
};

/// What an open file keeps of its checksums; data[] stays in the file.
struct Checksums {
  ChecksumLayout layout;
  std::vector<uint32_t> directory;
  std::vector<uint32_t> tail;
};

/// What looking for checksums found.
struct FoundChecksums {
  bool present = false;  ///< also of a version not known
  std::optional<Checksums> checksums;
};

/// \param read  reads ranges of the file that lie inside it
/// \return Corrupt when there are checksums and they are damaged
arrow::Result<FoundChecksums> FindChecksums(
    uint64_t file_bytes,
    const std::function<arrow::Result<std::shared_ptr<arrow::Buffer>>(ByteRange)>& read);

}  // namespace lancea
