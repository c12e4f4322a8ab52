#include "lancea/encoding/compress/general.h"

#include <lz4.h>
#include <zstd.h>

#include "lancea/encoding/compress/make_decoder.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

// A zstd block of 4 bytes yields at most 128 KiB; an LZ4 byte at most 255.
constexpr uint64_t kMaxZstdExpansion = 128 * 1024 / 3;
constexpr uint64_t kMaxLz4Expansion = 255;
constexpr uint32_t kZstdMagic = 0xFD2FB528;

// Compression contexts are costly to make; each thread keeps one.
ZSTD_DCtx* ThreadContext() {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  thread_local std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  return context.get();
}

// A frame that does not say its size: grow as it comes.
arrow::Result<std::vector<uint8_t>> DecompressZstdStream(Bytes in) {
  ZSTD_DCtx* context = ThreadContext();
  ZSTD_DCtx_reset(context, ZSTD_reset_session_only);
  std::vector<uint8_t> out;
  ZSTD_inBuffer input{in.data(), in.size(), 0};
  for (size_t rest = 1; rest != 0;) {
    const size_t before = out.size();
    out.resize(before + ZSTD_DStreamOutSize());
    ZSTD_outBuffer output{out.data() + before, out.size() - before, 0};
    rest = ZSTD_decompressStream(context, &output, &input);
    out.resize(before + output.pos);
    if (ZSTD_isError(rest)) return Corrupt("zstd: ", ZSTD_getErrorName(rest));
    if (rest != 0 && output.pos == 0 && input.pos == input.size) {
      return Corrupt("zstd: the frame is cut off");
    }
  }
  return out;
}

arrow::Result<std::vector<uint8_t>> DecompressZstd(Bytes in) {
  if (in.empty()) return std::vector<uint8_t>();
  Bytes frame = in;
  uint64_t size = 0;
  // Reserved bit 3 of the frame header descriptor is 0 in every frame, so that a size which happens to
  // begin like the magic is told apart.
  const bool bare = in.size() < 8 || (LoadLittleEndian<uint32_t>(in.data()) == kZstdMagic &&
                                      (in[4] & 0x08) == 0);
  if (bare) {
    const unsigned long long content = ZSTD_getFrameContentSize(in.data(), in.size());
    if (content == ZSTD_CONTENTSIZE_ERROR) return Corrupt("zstd: not a frame");
    if (content == ZSTD_CONTENTSIZE_UNKNOWN) return DecompressZstdStream(in);
    size = content;
  } else {
    size = LoadLittleEndian<uint64_t>(in.data());
    frame = in.subspan(8);
  }
  if (size > (frame.size() + 1) * kMaxZstdExpansion) {
    return Corrupt("zstd: ", frame.size(), " bytes cannot hold ", size);
  }
  std::vector<uint8_t> out(size);
  const size_t written = ZSTD_decompressDCtx(ThreadContext(), out.data(), out.size(), frame.data(),
                                             frame.size());
  if (ZSTD_isError(written)) return Corrupt("zstd: ", ZSTD_getErrorName(written));
  if (!bare && written != size) return Corrupt("zstd: ", written, " bytes, the header says ", size);
  out.resize(written);
  return out;
}

arrow::Result<std::vector<uint8_t>> DecompressLz4(Bytes in) {
  ByteReader reader(in, "lz4");
  ARROW_ASSIGN_OR_RAISE(uint32_t size, reader.Read<uint32_t>());
  ARROW_ASSIGN_OR_RAISE(Bytes block, reader.Take(reader.remaining()));
  if (size > (block.size() + 1) * kMaxLz4Expansion || size > INT32_MAX || block.size() > INT32_MAX) {
    return Corrupt("lz4: ", block.size(), " bytes cannot hold ", size);
  }
  std::vector<uint8_t> out(size);
  const int written =
      LZ4_decompress_safe(reinterpret_cast<const char*>(block.data()), reinterpret_cast<char*>(out.data()),
                          static_cast<int>(block.size()), static_cast<int>(size));
  if (written < 0 || static_cast<uint32_t>(written) != size) {
    return Corrupt("lz4: the block does not expand to ", size, " bytes");
  }
  return out;
}

class GeneralMiniBlock : public MiniBlockDecoder {
 public:
  GeneralMiniBlock(CompressionScheme scheme, std::unique_ptr<MiniBlockDecoder> inner)
      : scheme_(scheme), inner_(std::move(inner)) {}
  ValueShape shape() const override { return inner_->shape(); }
  int num_buffers() const override { return inner_->num_buffers(); }
  bool is_random_access() const override { return false; }
  arrow::Status Decode(std::span<const Bytes> buffers, int64_t num_values, int64_t begin, int64_t end,
                       ValueBuilder* out) const override {
    ARROW_ASSIGN_OR_RAISE(std::vector<uint8_t> first, Decompress(scheme_, buffers[0]));
    std::vector<Bytes> expanded(buffers.begin(), buffers.end());
    expanded[0] = first;
    return inner_->Decode(expanded, num_values, begin, end, out);
  }

 private:
  CompressionScheme scheme_;
  std::unique_ptr<MiniBlockDecoder> inner_;
};

class GeneralBlock : public BlockDecoder {
 public:
  GeneralBlock(CompressionScheme scheme, std::unique_ptr<BlockDecoder> inner)
      : scheme_(scheme), inner_(std::move(inner)) {}
  ValueShape shape() const override { return inner_->shape(); }
  arrow::Status Decode(Bytes block, int64_t num_values, ValueBuilder* out) const override {
    ARROW_ASSIGN_OR_RAISE(std::vector<uint8_t> expanded, Decompress(scheme_, block));
    return inner_->Decode(expanded, num_values, out);
  }

 private:
  CompressionScheme scheme_;
  std::unique_ptr<BlockDecoder> inner_;
};

class GeneralPerValue : public PerValueDecoder {
 public:
  GeneralPerValue(CompressionScheme scheme, std::unique_ptr<PerValueDecoder> inner)
      : scheme_(scheme), inner_(std::move(inner)) {}
  ValueShape shape() const override { return inner_->shape(); }
  arrow::Status Decode(Bytes value, ValueBuilder* out) const override {
    ARROW_ASSIGN_OR_RAISE(std::vector<uint8_t> expanded, Decompress(scheme_, value));
    return inner_->Decode(expanded, out);
  }

 private:
  CompressionScheme scheme_;
  std::unique_ptr<PerValueDecoder> inner_;
};

arrow::Result<CompressionScheme> ParseScheme(const EncodingMessage& message) {
  switch (message.general().compression().scheme()) {
    case lance::encodings23::COMPRESSION_ALGORITHM_LZ4: return CompressionScheme::kLz4;
    case lance::encodings23::COMPRESSION_ALGORITHM_ZSTD: return CompressionScheme::kZstd;
    default:
      return Unsupported("general compression scheme ",
                         static_cast<int>(message.general().compression().scheme()));
  }
}

}  // namespace

arrow::Result<std::vector<uint8_t>> Decompress(CompressionScheme scheme, Bytes compressed) {
  return scheme == CompressionScheme::kZstd ? DecompressZstd(compressed) : DecompressLz4(compressed);
}

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeGeneralMiniBlock(const EncodingMessage& message,
                                                                      int depth) {
  ARROW_ASSIGN_OR_RAISE(CompressionScheme scheme, ParseScheme(message));
  ARROW_ASSIGN_OR_RAISE(auto inner, MakeMiniBlockDecoder(message.general().values(), depth + 1));
  return std::make_unique<GeneralMiniBlock>(scheme, std::move(inner));
}

arrow::Result<std::unique_ptr<BlockDecoder>> MakeGeneralBlock(const EncodingMessage& message, int depth) {
  ARROW_ASSIGN_OR_RAISE(CompressionScheme scheme, ParseScheme(message));
  ARROW_ASSIGN_OR_RAISE(auto inner, MakeBlockDecoder(message.general().values(), depth + 1));
  return std::make_unique<GeneralBlock>(scheme, std::move(inner));
}

arrow::Result<std::unique_ptr<PerValueDecoder>> MakeGeneralPerValue(const EncodingMessage& message,
                                                                    int depth) {
  ARROW_ASSIGN_OR_RAISE(CompressionScheme scheme, ParseScheme(message));
  ARROW_ASSIGN_OR_RAISE(auto inner, MakePerValueDecoder(message.general().values(), depth + 1));
  return std::make_unique<GeneralPerValue>(scheme, std::move(inner));
}

}  // namespace lancea
