// What a user may ask of the encodings of one column; everything absent is chosen by measuring.
//
// The keys are field metadata, e.g. `lance-encoding:compression`. Nested fields inherit from their
// ancestors what they do not name themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lancea {

enum class FileFormat { k2_0, k2_1, k2_2, k2_3 };

struct EncodingOptions {
  enum class Compression { kDefault, kNone, kFsst, kLz4, kZstd };
  enum class Structural { kAuto, kMiniBlock, kFullZip };
  enum class ByteStreamSplit { kAuto, kOn, kOff };

  FileFormat format = FileFormat::k2_2;
  Compression compression = Compression::kDefault;
  std::optional<int> compression_level;
  Structural structural = Structural::kAuto;
  std::optional<double> rle_threshold;  ///< runs per value below which run lengths are used
  ByteStreamSplit byte_stream_split = ByteStreamSplit::kAuto;
  std::optional<int64_t> mini_block_bytes;  ///< target bytes of a chunk
  int64_t dictionary_divisor = 2;           ///< at most num_values / divisor distinct values
  double dictionary_size_ratio = 0.8;       ///< encoded over plain bytes
  int64_t dictionary_max_bytes = int64_t{8} << 20;
  std::optional<Compression> dictionary_compression;
  std::optional<int> dictionary_compression_level;
  /// Prefer small files to fast writing: general compression wherever it saves bytes.
  bool compact = false;
};

}  // namespace lancea
