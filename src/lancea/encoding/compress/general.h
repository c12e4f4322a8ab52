// general: zstd or LZ4 around another encoding.
//
//   zstd   u64 uncompressed size, then one frame; a bare frame (magic first) is read too
//   lz4    u32 uncompressed size, then one raw LZ4 block
// In a mini-block only the first value buffer of each chunk is compressed; in a block the whole; in
// full-zip each value by itself.
#pragma once

#include <memory>
#include <vector>

#include "lancea/encoding/compress/encoding_message.h"
#include "lancea/encoding/value_decoder.h"

namespace lancea {

enum class CompressionScheme { kLz4, kZstd };

/// The scheme of a description whose case is `general`.
arrow::Result<CompressionScheme> ParseScheme(const EncodingMessage& message);

/// The number of bytes that `compressed` says it expands to. It is believed only as far as the scheme can
/// expand that many bytes and, where the frame tells too, only if both agree.
arrow::Result<uint64_t> UncompressedSize(CompressionScheme scheme, Bytes compressed);

/// Expand to exactly `size` bytes at `out`, `size` being what UncompressedSize said.
arrow::Status DecompressTo(CompressionScheme scheme, Bytes compressed, uint64_t size, uint8_t* out);

/// The bytes that `compressed` expands to.
arrow::Result<std::shared_ptr<arrow::Buffer>> Decompress(CompressionScheme scheme, Bytes compressed,
                                                         arrow::MemoryPool* pool);

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeGeneralMiniBlock(
    const EncodingMessage& message, int depth);
arrow::Result<std::unique_ptr<BlockDecoder>> MakeGeneralBlock(const EncodingMessage& message,
                                                              int depth);
arrow::Result<std::unique_ptr<PerValueDecoder>> MakeGeneralPerValue(const EncodingMessage& message,
                                                                    int depth);

}  // namespace lancea
