// The writing side of general.h: zstd and LZ4, framed.
#pragma once

#include <cstdint>
#include <optional>

#include "arrow/result.h"
#include "lancea/encoding/compress/general.h"
#include "lancea/encoding/value_encoder.h"

namespace lancea {

/// Immutable; the contexts it works with belong to the thread.
struct GeneralCompressor {
  CompressionScheme scheme = CompressionScheme::kZstd;
  std::optional<int> level;  ///< of zstd; absent or 0: zstd's default

  /// Room for `size` bytes compressed, framing included.
  int64_t MaxBytes(int64_t size) const;
  /// Compress to `out`, which has MaxBytes(in.size()) bytes of room.
  /// \return bytes written
  arrow::Result<int64_t> Compress(Bytes in, uint8_t* out) const;
  /// general{this, values}
  EncodingMessage Describe(EncodingMessage values) const;
};

/// Compress the first value buffer of each chunk; the encoding as it was if that saves nothing.
arrow::Result<MiniBlockEncoding> CompressChunks(MiniBlockEncoding encoding,
                                                const GeneralCompressor& compressor,
                                                arrow::MemoryPool* pool);

/// Compress a block; as it was if that saves nothing.
arrow::Result<BlockEncoding> CompressBlock(BlockEncoding encoding,
                                           const GeneralCompressor& compressor,
                                           arrow::MemoryPool* pool);

/// Compress every value of a variable block by itself.
arrow::Result<ValueBlock> CompressValues(const ValueBlock& block,
                                         const GeneralCompressor& compressor,
                                         arrow::MemoryPool* pool);

}  // namespace lancea
