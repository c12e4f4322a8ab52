#include "lancea/encoding/compress/general.h"

#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <new>

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

// Reserved bit 3 of the frame header descriptor is 0 in every frame, so that a size which happens to begin
// like the magic is told apart.
bool IsBareFrame(Bytes in) {
  return in.size() < 8 ||
         (LoadLittleEndian<uint32_t>(in.data()) == kZstdMagic && (in[4] & 0x08) == 0);
}

Bytes ZstdFrame(Bytes in) { return IsBareFrame(in) ? in : in.subspan(8); }

// The size of a frame that does not say it, found by expanding it to nowhere.
arrow::Result<uint64_t> MeasureZstd(Bytes in) {
  ZSTD_DCtx* context = ThreadContext();
  if (context == nullptr) return arrow::Status::OutOfMemory("zstd context");
  ZSTD_DCtx_reset(context, ZSTD_reset_session_only);
  std::vector<uint8_t> nowhere(ZSTD_DStreamOutSize());
  ZSTD_inBuffer input{in.data(), in.size(), 0};
  uint64_t size = 0;
  for (size_t rest = 1; rest != 0;) {
    ZSTD_outBuffer output{nowhere.data(), nowhere.size(), 0};
    const size_t before = input.pos;
    rest = ZSTD_decompressStream(context, &output, &input);
    if (ZSTD_isError(rest)) return Corrupt("zstd: ", ZSTD_getErrorName(rest));
    if (rest != 0 && output.pos == 0 && input.pos == before) {
      return Corrupt("zstd: the frame is cut off");
    }
    size += output.pos;
  }
  return size;
}

arrow::Result<uint64_t> ZstdSize(Bytes in) {
  if (in.empty()) return 0;
  const Bytes frame = ZstdFrame(in);
  const bool is_bare = frame.size() == in.size();
  const unsigned long long content = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (content == ZSTD_CONTENTSIZE_ERROR) return Corrupt("zstd: not a frame");
  const bool is_known = content != ZSTD_CONTENTSIZE_UNKNOWN;
  if (is_bare && !is_known) return MeasureZstd(frame);
  const uint64_t size = is_bare ? content : LoadLittleEndian<uint64_t>(in.data());
  if (is_known && size != content) {
    return Corrupt("zstd: ", content, " bytes, the header says ", size);
  }
  if (size > (frame.size() + 1) * kMaxZstdExpansion) {
    return Corrupt("zstd: ", frame.size(), " bytes cannot hold ", size);
  }
  return size;
}

arrow::Result<uint64_t> Lz4Size(Bytes in) {
  ByteReader reader(in, "lz4");
  ARROW_ASSIGN_OR_RAISE(uint32_t size, reader.Read<uint32_t>());
  if (size > (reader.remaining() + 1) * kMaxLz4Expansion || size > INT32_MAX ||
      reader.remaining() > INT32_MAX) {
    return Corrupt("lz4: ", reader.remaining(), " bytes cannot hold ", size);
  }
  return size;
}

// Bits of a value if what decompresses is the values as they are in memory, else 0.
uint64_t PlainBits(const EncodingMessage& message) {
  return message.has_flat() && message.flat().bits_per_value() % 8 == 0
             ? message.flat().bits_per_value()
             : 0;
}

// All values of a plain encoding, expanded to where they stay.
arrow::Status DecompressPlain(CompressionScheme scheme, Bytes compressed, uint64_t bits,
                              int64_t num_values, ValueBuilder* out) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, UncompressedSize(scheme, compressed));
  const uint64_t width = bits / 8;
  if (size / width != static_cast<uint64_t>(num_values) || size % width != 0) {
    return Corrupt("general: ", size, " bytes for ", num_values, " values of ", bits, " bits");
  }
  ARROW_ASSIGN_OR_RAISE(uint8_t * to, out->AppendFixed(num_values));
  return DecompressTo(scheme, compressed, size, to);
}

// Memory of one chunk, kept by the thread for the next: chunks are small and come by the thousand.
class Scratch {
 public:
  arrow::Result<Bytes> Expand(CompressionScheme scheme, Bytes compressed) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t size, UncompressedSize(scheme, compressed));
    if (size > capacity_ || bytes_ == nullptr) {
      capacity_ = std::max<uint64_t>(size, 4096);
      bytes_.reset(new (std::nothrow) uint8_t[capacity_]);
      if (bytes_ == nullptr) return arrow::Status::OutOfMemory(size, " bytes to decompress to");
    }
    ARROW_RETURN_NOT_OK(DecompressTo(scheme, compressed, size, bytes_.get()));
    return Bytes(bytes_.get(), size);
  }
  static std::unique_ptr<Scratch> Take() {
    std::unique_ptr<Scratch>& kept = Kept();
    return kept != nullptr ? std::move(kept) : std::make_unique<Scratch>();
  }
  static void Give(std::unique_ptr<Scratch> scratch) {
    if (scratch->capacity_ <= kMaxKept) Kept() = std::move(scratch);
  }

 private:
  static constexpr uint64_t kMaxKept = uint64_t{1} << 20;
  static std::unique_ptr<Scratch>& Kept() {
    thread_local std::unique_ptr<Scratch> kept;
    return kept;
  }
  std::unique_ptr<uint8_t[]> bytes_;
  uint64_t capacity_ = 0;
};

// Gives the scratch back to the thread; nested decoders each hold their own.
class ScratchLease {
 public:
  ScratchLease() : scratch_(Scratch::Take()) {}
  ScratchLease(const ScratchLease&) = delete;
  ScratchLease& operator=(const ScratchLease&) = delete;
  ~ScratchLease() { Scratch::Give(std::move(scratch_)); }
  Scratch* operator->() { return scratch_.get(); }

 private:
  std::unique_ptr<Scratch> scratch_;
};

class GeneralMiniBlock : public MiniBlockDecoder {
 public:
  GeneralMiniBlock(CompressionScheme scheme, std::unique_ptr<MiniBlockDecoder> inner,
                   uint64_t plain_bits)
      : scheme_(scheme), inner_(std::move(inner)), plain_bits_(plain_bits) {}
  ValueShape shape() const override { return inner_->shape(); }
  int num_buffers() const override { return inner_->num_buffers(); }
  bool is_random_access() const override { return false; }
  arrow::Status Decode(std::span<const Bytes> buffers, int64_t num_values, int64_t begin,
                       int64_t end, ValueBuilder* out) const override {
    if (plain_bits_ != 0 && begin == 0 && end == num_values) {
      return DecompressPlain(scheme_, buffers[0], plain_bits_, num_values, out);
    }
    ScratchLease scratch;
    ARROW_ASSIGN_OR_RAISE(const Bytes first, scratch->Expand(scheme_, buffers[0]));
    if (buffers.size() == 1) {
      return inner_->Decode(std::span(&first, 1), num_values, begin, end, out);
    }
    std::vector<Bytes> expanded(buffers.begin(), buffers.end());
    expanded[0] = first;
    return inner_->Decode(expanded, num_values, begin, end, out);
  }

 private:
  CompressionScheme scheme_;
  std::unique_ptr<MiniBlockDecoder> inner_;
  uint64_t plain_bits_;
};

class GeneralBlock : public BlockDecoder {
 public:
  GeneralBlock(CompressionScheme scheme, std::unique_ptr<BlockDecoder> inner, uint64_t plain_bits)
      : scheme_(scheme), inner_(std::move(inner)), plain_bits_(plain_bits) {}
  ValueShape shape() const override { return inner_->shape(); }
  arrow::Status Decode(Bytes block, int64_t num_values, ValueBuilder* out) const override {
    if (plain_bits_ != 0) return DecompressPlain(scheme_, block, plain_bits_, num_values, out);
    ScratchLease scratch;
    ARROW_ASSIGN_OR_RAISE(const Bytes expanded, scratch->Expand(scheme_, block));
    return inner_->Decode(expanded, num_values, out);
  }

 private:
  CompressionScheme scheme_;
  std::unique_ptr<BlockDecoder> inner_;
  uint64_t plain_bits_;
};

class GeneralPerValue : public PerValueDecoder {
 public:
  GeneralPerValue(CompressionScheme scheme, std::unique_ptr<PerValueDecoder> inner)
      : scheme_(scheme), inner_(std::move(inner)) {}
  ValueShape shape() const override { return inner_->shape(); }
  arrow::Status Decode(Bytes value, ValueBuilder* out) const override {
    if (out->is_variable() && inner_->is_plain()) {
      ARROW_ASSIGN_OR_RAISE(const uint64_t size, UncompressedSize(scheme_, value));
      ARROW_ASSIGN_OR_RAISE(uint8_t * to, out->PrepareValue(static_cast<int64_t>(size)));
      ARROW_RETURN_NOT_OK(DecompressTo(scheme_, value, size, to));
      return out->CommitValue(static_cast<int64_t>(size));
    }
    ScratchLease scratch;
    ARROW_ASSIGN_OR_RAISE(const Bytes expanded, scratch->Expand(scheme_, value));
    return inner_->Decode(expanded, out);
  }

 private:
  CompressionScheme scheme_;
  std::unique_ptr<PerValueDecoder> inner_;
};

}  // namespace

arrow::Result<CompressionScheme> ParseScheme(const EncodingMessage& message) {
  switch (message.general().compression().scheme()) {
    case lance::encodings23::COMPRESSION_ALGORITHM_LZ4:
      return CompressionScheme::kLz4;
    case lance::encodings23::COMPRESSION_ALGORITHM_ZSTD:
      return CompressionScheme::kZstd;
    default:
      return Unsupported("general compression scheme ",
                         static_cast<int>(message.general().compression().scheme()));
  }
}

arrow::Result<uint64_t> UncompressedSize(CompressionScheme scheme, Bytes compressed) {
  return scheme == CompressionScheme::kZstd ? ZstdSize(compressed) : Lz4Size(compressed);
}

arrow::Status DecompressTo(CompressionScheme scheme, Bytes compressed, uint64_t size,
                           uint8_t* out) {
  if (scheme == CompressionScheme::kZstd) {
    if (compressed.empty()) return arrow::Status::OK();
    ZSTD_DCtx* context = ThreadContext();
    if (context == nullptr) return arrow::Status::OutOfMemory("zstd context");
    const Bytes frame = ZstdFrame(compressed);
    const size_t written = ZSTD_decompressDCtx(context, out, size, frame.data(), frame.size());
    if (ZSTD_isError(written)) return Corrupt("zstd: ", ZSTD_getErrorName(written));
    if (written != size) return Corrupt("zstd: ", written, " bytes, the header says ", size);
    return arrow::Status::OK();
  }
  const Bytes block = compressed.subspan(sizeof(uint32_t));
  const int written =
      LZ4_decompress_safe(reinterpret_cast<const char*>(block.data()), reinterpret_cast<char*>(out),
                          static_cast<int>(block.size()), static_cast<int>(size));
  if (written < 0 || static_cast<uint64_t>(written) != size) {
    return Corrupt("lz4: the block does not expand to ", size, " bytes");
  }
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::Buffer>> Decompress(CompressionScheme scheme, Bytes compressed,
                                                         arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, UncompressedSize(scheme, compressed));
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::AllocateBuffer(static_cast<int64_t>(size), pool));
  ARROW_RETURN_NOT_OK(DecompressTo(scheme, compressed, size, out->mutable_data()));
  return out;
}

arrow::Result<std::unique_ptr<MiniBlockDecoder>> MakeGeneralMiniBlock(
    const EncodingMessage& message, int depth) {
  ARROW_ASSIGN_OR_RAISE(CompressionScheme scheme, ParseScheme(message));
  ARROW_ASSIGN_OR_RAISE(auto inner, MakeMiniBlockDecoder(message.general().values(), depth + 1));
  return std::make_unique<GeneralMiniBlock>(scheme, std::move(inner),
                                            PlainBits(message.general().values()));
}

arrow::Result<std::unique_ptr<BlockDecoder>> MakeGeneralBlock(const EncodingMessage& message,
                                                              int depth) {
  ARROW_ASSIGN_OR_RAISE(CompressionScheme scheme, ParseScheme(message));
  ARROW_ASSIGN_OR_RAISE(auto inner, MakeBlockDecoder(message.general().values(), depth + 1));
  return std::make_unique<GeneralBlock>(scheme, std::move(inner),
                                        PlainBits(message.general().values()));
}

arrow::Result<std::unique_ptr<PerValueDecoder>> MakeGeneralPerValue(const EncodingMessage& message,
                                                                    int depth) {
  ARROW_ASSIGN_OR_RAISE(CompressionScheme scheme, ParseScheme(message));
  ARROW_ASSIGN_OR_RAISE(auto inner, MakePerValueDecoder(message.general().values(), depth + 1));
  return std::make_unique<GeneralPerValue>(scheme, std::move(inner));
}

}  // namespace lancea
