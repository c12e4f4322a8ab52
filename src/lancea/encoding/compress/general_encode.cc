#include "lancea/encoding/compress/general_encode.h"

#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "arrow/buffer.h"
#include "lancea/encoding/compress/block_bytes.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr int64_t kZstdHeader = 8, kLz4Header = 4;

// Compression contexts are costly to make; each thread keeps one.
ZSTD_CCtx* ThreadContext() {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  thread_local std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  return context.get();
}

// Bytes that grow by what comes next.
class Growing {
 public:
  static arrow::Result<Growing> Make(int64_t guess, arrow::MemoryPool* pool) {
    Growing out;
    ARROW_ASSIGN_OR_RAISE(out.buffer_, arrow::AllocateResizableBuffer(guess, pool));
    return out;
  }
  int64_t size() const { return size_; }
  arrow::Result<int64_t> Append(const GeneralCompressor& compressor, Bytes in) {
    const int64_t needed = size_ + compressor.MaxBytes(static_cast<int64_t>(in.size()));
    if (needed > buffer_->size()) {
      ARROW_RETURN_NOT_OK(buffer_->Resize(std::max(needed, buffer_->size() * 3 / 2)));
    }
    ARROW_ASSIGN_OR_RAISE(const int64_t written,
                          compressor.Compress(in, buffer_->mutable_data() + size_));
    size_ += written;
    return written;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish() {
    ARROW_RETURN_NOT_OK(buffer_->Resize(size_));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer_));
  }

 private:
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
  int64_t size_ = 0;
};

}  // namespace

int64_t GeneralCompressor::MaxBytes(int64_t size) const {
  if (scheme == CompressionScheme::kZstd) {
    return kZstdHeader + static_cast<int64_t>(ZSTD_compressBound(static_cast<size_t>(size)));
  }
  return kLz4Header + size + size / 255 + 16;
}

arrow::Result<int64_t> GeneralCompressor::Compress(Bytes in, uint8_t* out) const {
  if (scheme == CompressionScheme::kZstd) {
    ZSTD_CCtx* const context = ThreadContext();
    if (context == nullptr) return arrow::Status::OutOfMemory("zstd context");
    const uint64_t size = in.size();
    std::memcpy(out, &size, sizeof(size));
    const size_t written = ZSTD_compressCCtx(context, out + kZstdHeader, ZSTD_compressBound(size),
                                             in.data(), in.size(), level.value_or(0));
    if (ZSTD_isError(written)) return InvalidInput("zstd: ", ZSTD_getErrorName(written));
    return kZstdHeader + static_cast<int64_t>(written);
  }
  if (in.size() > LZ4_MAX_INPUT_SIZE) return InvalidInput("lz4 of ", in.size(), " bytes");
  const uint32_t size = static_cast<uint32_t>(in.size());
  std::memcpy(out, &size, sizeof(size));
  const int room = static_cast<int>(MaxBytes(size) - kLz4Header);
  const int written =
      LZ4_compress_default(reinterpret_cast<const char*>(in.data()),
                           reinterpret_cast<char*>(out + kLz4Header), static_cast<int>(size), room);
  if (written <= 0) return InvalidInput("lz4 cannot compress ", size, " bytes");
  return kLz4Header + written;
}

EncodingMessage GeneralCompressor::Describe(EncodingMessage values) const {
  EncodingMessage out;
  auto* compression = out.mutable_general()->mutable_compression();
  if (scheme == CompressionScheme::kZstd) {
    compression->set_scheme(lance::encodings23::COMPRESSION_ALGORITHM_ZSTD);
    compression->set_level(level.value_or(0));
  } else {
    compression->set_scheme(lance::encodings23::COMPRESSION_ALGORITHM_LZ4);
  }
  *out.mutable_general()->mutable_values() = std::move(values);
  return out;
}

arrow::Result<MiniBlockEncoding> CompressChunks(MiniBlockEncoding encoding,
                                                const GeneralCompressor& compressor,
                                                arrow::MemoryPool* pool) {
  if (encoding.buffers.empty() || encoding.buffers[0]->size() == 0) return encoding;
  const uint8_t* from = encoding.buffers[0]->data();
  const int64_t plain = encoding.buffers[0]->size();
  ARROW_ASSIGN_OR_RAISE(Growing out, Growing::Make(plain / 2 + 1024, pool));
  std::vector<EncodedChunk> chunks = encoding.chunks;
  for (EncodedChunk& chunk : chunks) {
    const uint32_t size = chunk.buffer_sizes[0];
    ARROW_ASSIGN_OR_RAISE(const int64_t written, out.Append(compressor, Bytes(from, size)));
    chunk.buffer_sizes[0] = static_cast<uint32_t>(written);
    from += size;
    if (out.size() >= plain) return encoding;
  }
  encoding.chunks = std::move(chunks);
  ARROW_ASSIGN_OR_RAISE(encoding.buffers[0], out.Finish());
  encoding.description = compressor.Describe(std::move(encoding.description));
  return encoding;
}

arrow::Result<BlockEncoding> CompressBlock(BlockEncoding encoding,
                                           const GeneralCompressor& compressor,
                                           arrow::MemoryPool* pool) {
  const Bytes plain(encoding.bytes->data(), static_cast<size_t>(encoding.bytes->size()));
  if (plain.empty()) return encoding;
  ARROW_ASSIGN_OR_RAISE(Growing out, Growing::Make(0, pool));
  ARROW_RETURN_NOT_OK(out.Append(compressor, plain));
  if (out.size() >= encoding.bytes->size()) return encoding;
  ARROW_ASSIGN_OR_RAISE(encoding.bytes, out.Finish());
  encoding.description = compressor.Describe(std::move(encoding.description));
  return encoding;
}

arrow::Result<ValueBlock> CompressValues(const ValueBlock& block,
                                         const GeneralCompressor& compressor,
                                         arrow::MemoryPool* pool) {
  ValueBlock out = block;
  const int64_t width = static_cast<int64_t>(block.bits_per_offset / 8);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> ends,
                        arrow::AllocateBuffer((block.num_values + 1) * width, pool));
  ARROW_ASSIGN_OR_RAISE(Growing bytes, Growing::Make(TotalBytes(block) / 2 + 1024, pool));
  ARROW_RETURN_NOT_OK(VisitOffsets(block, [&](const auto* offsets) -> arrow::Status {
    using Offset = std::remove_const_t<std::remove_pointer_t<decltype(offsets)>>;
    Offset* to = reinterpret_cast<Offset*>(ends->mutable_data());
    *to++ = 0;
    for (int64_t i = 0; i < block.num_values; ++i) {
      const Bytes value(ValueData(block) + offsets[i], offsets[i + 1] - offsets[i]);
      ARROW_RETURN_NOT_OK(bytes.Append(compressor, value));
      if (sizeof(Offset) == 4 && bytes.size() > INT32_MAX) {
        return InvalidInput("compressed values exceed 32-bit offsets");
      }
      *to++ = static_cast<Offset>(bytes.size());
    }
    return arrow::Status::OK();
  }));
  out.offsets = std::move(ends);
  ARROW_ASSIGN_OR_RAISE(out.values, bytes.Finish());
  return out;
}

}  // namespace lancea
