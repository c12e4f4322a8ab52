#include "lancea/encoding/compress/choose.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "arrow/buffer.h"
#include "lancea/encoding/compress/block_bytes.h"
#include "lancea/encoding/compress/byte_stream_split_encode.h"
#include "lancea/encoding/compress/fastlanes.h"
#include "lancea/encoding/compress/rle_encode.h"
#include "lancea/encoding/compress/variable_encode.h"

namespace lancea {
namespace {

using Compression = EncodingOptions::Compression;

int64_t ChunksOf(int64_t num_values, int64_t per_chunk) {
  return (num_values + per_chunk - 1) / per_chunk;
}

bool RunsAllowed(const FixedStatistics& statistics, const EncodingOptions& options) {
  return !options.rle_threshold ||
         static_cast<double>(statistics.num_runs) <
             static_cast<double>(statistics.num_values) * *options.rle_threshold;
}

// The best encoding of integers that needs no general compression.
void ChooseInteger(const ValueBlock& block, const EncodingOptions& options, FixedChoice* out) {
  const FixedStatistics& statistics = out->statistics;
  const int64_t packed = statistics.inline_bitpacked_bytes() +
                         ChunksOf(block.num_values, 1024) * choose::kChunkOverhead;
  // Its chunks hold 1,024 values, no fewer.
  if (packed < out->estimated_bytes && out->limits.max_values >= compress::kFastLanesValues) {
    out->codec = FixedCodec::kBitpacked;
    out->estimated_bytes = packed;
  }
  if (!RunsAllowed(statistics, options)) return;
  const int64_t chunk_values = out->limits.max_values;
  const int64_t entry_bytes = static_cast<int64_t>(block.bits_per_value / 8) + 1;
  const int64_t chunks = ChunksOf(block.num_values, chunk_values);
  const int64_t fixed = chunks * (choose::kChunkOverhead + 8);
  // Runs are counted one by one only where their number does not decide.
  const int64_t least = std::max(statistics.num_runs, block.num_values / kMaxRunLength);
  if (least * entry_bytes + fixed >= out->estimated_bytes) return;
  const int64_t runs = CountRunEntries(block, chunk_values) * entry_bytes + fixed;
  if (runs < out->estimated_bytes) {
    out->codec = FixedCodec::kRunLengths;
    out->estimated_bytes = runs;
  }
}

// Compare with what general compression makes of plain and of split bytes.
arrow::Status ChooseCompressed(const ValueBlock& block, const EncodingOptions& options,
                               const GeneralCompressor& compressor, const ChunkLimits& limits,
                               FixedChoice* out, arrow::MemoryPool* pool) {
  const double plain =
      static_cast<double>(block.num_values) * static_cast<double>(block.bits_per_value) / 8;
  if (plain < choose::kGeneralMinBytes) return arrow::Status::OK();
  const double overhead =
      plain / static_cast<double>(limits.max_bytes) * static_cast<double>(choose::kChunkOverhead);
  double best = static_cast<double>(out->estimated_bytes) * MaxRatio(options);
  auto consider = [&](FixedCodec codec, double bytes) {
    if (bytes >= best) return;
    best = bytes;
    out->codec = codec;
    out->general = compressor;
    out->limits = limits;
    out->estimated_bytes = static_cast<int64_t>(bytes);
  };
  const bool can_split = (block.bits_per_value == 32 || block.bits_per_value == 64) &&
                         options.byte_stream_split != EncodingOptions::ByteStreamSplit::kOff;
  const bool must_split =
      can_split && options.byte_stream_split == EncodingOptions::ByteStreamSplit::kOn;
  if (must_split) best = plain * 2;
  if (can_split && (must_split || ByteEntropy(block) < choose::kMaxSplitEntropy)) {
    ARROW_ASSIGN_OR_RAISE(const double ratio,
                          SampleFlat(block, compressor, limits.max_bytes, true, pool));
    consider(FixedCodec::kByteStreamSplit, ratio * plain + overhead);
  }
  if (must_split) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const double ratio,
                        SampleFlat(block, compressor, limits.max_bytes, false, pool));
  consider(FixedCodec::kFlat, ratio * plain + overhead);
  return arrow::Status::OK();
}

// Values [begin, end) of a variable block as a block of their own.
arrow::Result<ValueBlock> SliceVariable(const ValueBlock& block, int64_t begin, int64_t end,
                                        arrow::MemoryPool* pool) {
  ValueBlock out = block;
  out.num_values = end - begin;
  const int64_t width = static_cast<int64_t>(block.bits_per_offset / 8);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer((end - begin + 1) * width, pool));
  VisitOffsets(block, [&](const auto* offsets) {
    using Offset = std::remove_const_t<std::remove_pointer_t<decltype(offsets)>>;
    Offset* const to = reinterpret_cast<Offset*>(buffer->mutable_data());
    for (int64_t i = begin; i <= end; ++i) to[i - begin] = offsets[i] - offsets[begin];
    if (block.values != nullptr) {
      out.values = arrow::SliceBuffer(block.values, static_cast<int64_t>(offsets[begin]),
                                      static_cast<int64_t>(offsets[end] - offsets[begin]));
    }
  });
  out.offsets = std::move(buffer);
  return out;
}

bool IsWorthFsst(const ValueBlock& block, const VariableStatistics& statistics,
                 const EncodingOptions& options) {
  if (options.compression == Compression::kFsst) return statistics.total_bytes > 0;
  return options.compression == Compression::kDefault && block.is_utf8 &&
         statistics.max_length >= choose::kFsstMinLength &&
         statistics.total_bytes >= choose::kFsstMinBytes;
}

// The encoder, if it saves bytes.
std::optional<FsstEncoder> LearnFsst(const ValueBlock& block, const VariableStatistics& statistics,
                                     const EncodingOptions& options) {
  if (!IsWorthFsst(block, statistics, options)) return std::nullopt;
  FsstEncoder encoder = FsstEncoder::Learn(block);
  const double saved = static_cast<double>(statistics.total_bytes) * (1 - encoder.sample_ratio());
  if (encoder.sample_ratio() > choose::kFsstMaxRatio || saved < choose::kFsstTableBytes) {
    return std::nullopt;
  }
  return encoder;
}

}  // namespace

double MaxRatio(const EncodingOptions& options) {
  return options.compact ? choose::kCompactMaxRatio : choose::kGeneralMaxRatio;
}

bool IsGeneral(Compression compression) {
  return compression == Compression::kLz4 || compression == Compression::kZstd;
}

GeneralCompressor MakeCompressor(Compression compression, std::optional<int> level) {
  return compression == Compression::kLz4 ? GeneralCompressor{CompressionScheme::kLz4, std::nullopt}
                                          : GeneralCompressor{CompressionScheme::kZstd, level};
}

std::optional<GeneralCompressor> AllowedCompressor(const EncodingOptions& options) {
  if (IsGeneral(options.compression)) {
    return MakeCompressor(options.compression, options.compression_level);
  }
  if (options.compact && options.compression == Compression::kDefault) {
    return MakeCompressor(Compression::kZstd, options.compression_level);
  }
  return std::nullopt;
}

ChunkLimits LimitsFor(const EncodingOptions& options, bool compressed, int64_t max_chunk_values) {
  const bool small = options.format == FileFormat::k2_1;
  const bool large = compressed && options.compact && !small;
  ChunkLimits out{};
  out.hard_bytes = small ? choose::kMaxChunkBytes21 : choose::kMaxChunkBytes;
  out.max_bytes = large ? choose::kCompactChunkBytes : choose::kChunkBytes;
  if (options.mini_block_bytes) {
    out.max_bytes = std::clamp<int64_t>(*options.mini_block_bytes, 1,
                                        small ? choose::kChunkBytes : choose::kCompactChunkBytes);
  }
  out.max_values = large ? choose::kCompactChunkValues : choose::kChunkValues;
  if (max_chunk_values > 0) out.max_values = std::min(out.max_values, max_chunk_values);
  out.max_values = static_cast<int64_t>(
      std::bit_floor(static_cast<uint64_t>(std::max<int64_t>(out.max_values, 2))));
  return out;
}

arrow::Result<FixedChoice> ChooseFixed(const ValueBlock& block, const EncodingOptions& options,
                                       int64_t max_chunk_values, arrow::MemoryPool* pool) {
  FixedChoice out;
  out.limits = LimitsFor(options, false, max_chunk_values);
  const int64_t plain = (block.num_values * static_cast<int64_t>(block.bits_per_value) + 7) / 8;
  out.estimated_bytes = plain + ChunksOf(plain, out.limits.max_bytes) * choose::kChunkOverhead;
  if (options.compression == Compression::kNone || block.num_values == 0) return out;
  if (IsWordWidth(block.bits_per_value)) {
    out.statistics = MeasureFixed(block);
    ChooseInteger(block, options, &out);
  }
  if (const auto compressor = AllowedCompressor(options)) {
    ARROW_RETURN_NOT_OK(ChooseCompressed(block, options, *compressor,
                                         LimitsFor(options, true, max_chunk_values), &out, pool));
    // Run values compress besides, and only where that saves.
    if (out.codec == FixedCodec::kRunLengths) out.general = compressor;
  }
  return out;
}

arrow::Result<double> SampleFlat(const ValueBlock& block, const GeneralCompressor& compressor,
                                 int64_t chunk_bytes, bool split, arrow::MemoryPool* pool) {
  const int64_t bits = static_cast<int64_t>(TotalBits(block));
  const int64_t total = block.num_values * bits / 8;
  const int64_t width = std::max<int64_t>(1, bits / 8);
  // Whole chunks out of the beginning, the middle and the end.
  const int64_t piece_bytes = std::min(chunk_bytes, total) / width * width;
  const int64_t wanted = std::max<int64_t>(
      1, std::min(choose::kSampleBytes, total) / std::max<int64_t>(1, piece_bytes));
  const int64_t pieces = std::min(wanted, chunk_bytes >= 64 << 10 ? choose::kSamplePieces : wanted);
  if (piece_bytes == 0) return 1.0;
  ARROW_ASSIGN_OR_RAISE(auto scratch, arrow::AllocateBuffer(piece_bytes, pool));
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::AllocateBuffer(compressor.MaxBytes(piece_bytes), pool));
  int64_t compressed = 0;
  for (int64_t i = 0; i < pieces; ++i) {
    const int64_t at = pieces == 1 ? 0 : (total - piece_bytes) / width * i / (pieces - 1) * width;
    const uint8_t* from = ValueData(block) + at;
    if (split) {
      SplitByteStreams(from, piece_bytes / width, width, scratch->mutable_data());
      from = scratch->data();
    }
    ARROW_ASSIGN_OR_RAISE(
        const int64_t size,
        compressor.Compress(Bytes(from, static_cast<size_t>(piece_bytes)), out->mutable_data()));
    compressed += size;
  }
  return static_cast<double>(compressed) / static_cast<double>(pieces * piece_bytes);
}

arrow::Result<int64_t> SampleVariable(const ValueBlock& block, const FsstEncoder* fsst,
                                      const std::optional<GeneralCompressor>& compressor,
                                      const ChunkLimits& limits, arrow::MemoryPool* pool) {
  const int64_t width = static_cast<int64_t>(block.bits_per_offset / 8);
  const int64_t total = TotalBytes(block) + block.num_values * width;
  const int64_t pieces = total <= choose::kSampleBytes ? 1 : choose::kSamplePieces;
  int64_t sampled_values = 0, bytes = 0;
  for (int64_t i = 0; i < pieces; ++i) {
    // Values of about a chunk.
    const int64_t begin = block.num_values * i / pieces;
    int64_t end = block.num_values;
    if (pieces > 1) {
      const int64_t next = block.num_values * (i + 1) / pieces;
      const double share =
          static_cast<double>(std::min(limits.max_bytes * 2, choose::kSampleBytes)) /
          static_cast<double>(total);
      end = std::min(
          next, begin + 2 + static_cast<int64_t>(share * static_cast<double>(block.num_values)));
    }
    if (begin == end) continue;
    ARROW_ASSIGN_OR_RAISE(ValueBlock slice, SliceVariable(block, begin, end, pool));
    if (fsst != nullptr) {
      ARROW_ASSIGN_OR_RAISE(slice, fsst->Encode(slice, pool));
    }
    ChunkLimits anything = limits;
    anything.hard_bytes = choose::kMaxChunkBytes;
    ARROW_ASSIGN_OR_RAISE(MiniBlockEncoding encoding,
                          EncodeVariableMiniBlock(slice, anything, pool));
    if (compressor) {
      ARROW_ASSIGN_OR_RAISE(encoding, CompressChunks(std::move(encoding), *compressor, pool));
    }
    bytes += encoding.buffers[0]->size() +
             static_cast<int64_t>(encoding.chunks.size()) * choose::kChunkOverhead;
    sampled_values += end - begin;
  }
  if (sampled_values == 0) return 0;
  return static_cast<int64_t>(static_cast<double>(bytes) / static_cast<double>(sampled_values) *
                              static_cast<double>(block.num_values));
}

arrow::Result<VariableChoice> ChooseVariable(const ValueBlock& block,
                                             const EncodingOptions& options,
                                             int64_t max_chunk_values, arrow::MemoryPool* pool) {
  VariableChoice out;
  out.limits = LimitsFor(options, false, max_chunk_values);
  const VariableStatistics statistics = MeasureVariable(block);
  if (statistics.total_bytes >= choose::kLongValue * statistics.num_values &&
      !options.mini_block_bytes) {
    out.limits.max_bytes = choose::kLongValueChunkBytes;
  }
  if (options.compression == Compression::kNone || statistics.total_bytes == 0) return out;
  out.fsst = LearnFsst(block, statistics, options);
  const auto compressor = AllowedCompressor(options);
  if (!compressor || statistics.total_bytes < choose::kGeneralMinBytes) return out;
  const ChunkLimits large = LimitsFor(options, true, max_chunk_values);
  ARROW_ASSIGN_OR_RAISE(
      const int64_t without,
      SampleVariable(block, out.fsst ? &*out.fsst : nullptr, std::nullopt, out.limits, pool));
  ARROW_ASSIGN_OR_RAISE(const int64_t plain,
                        SampleVariable(block, nullptr, compressor, large, pool));
  int64_t best = plain;
  bool keep_fsst = false;
  if (out.fsst) {
    ARROW_ASSIGN_OR_RAISE(const int64_t both,
                          SampleVariable(block, &*out.fsst, compressor, large, pool));
    keep_fsst = both + choose::kFsstTableBytes < plain;
    if (keep_fsst) best = both;
  }
  if (static_cast<double>(best) >= static_cast<double>(without) * MaxRatio(options)) {
    return out;
  }
  if (!keep_fsst) out.fsst.reset();
  out.general = compressor;
  out.limits = large;
  return out;
}

arrow::Result<PerValueChoice> ChoosePerValue(const ValueBlock& block,
                                             const EncodingOptions& options,
                                             arrow::MemoryPool* pool) {
  PerValueChoice out;
  const VariableStatistics statistics = MeasureVariable(block);
  if (options.compression == Compression::kNone || statistics.total_bytes == 0) return out;
  const bool large =
      statistics.max_length > choose::kLargeValue && options.compression != Compression::kFsst;
  if (statistics.total_bytes >= choose::kFsstMinBytes &&
      (large || IsGeneral(options.compression))) {
    const GeneralCompressor compressor =
        MakeCompressor(options.compression, options.compression_level);
    // Pictures and the like do not get smaller: look at some values, at most so many bytes of each.
    int64_t plain = 0, compressed = 0;
    std::unique_ptr<arrow::Buffer> scratch;
    ARROW_ASSIGN_OR_RAISE(scratch,
                          arrow::AllocateBuffer(compressor.MaxBytes(choose::kSampleBytes), pool));
    ARROW_RETURN_NOT_OK(VisitOffsets(block, [&](const auto* offsets) -> arrow::Status {
      const int64_t step = std::max<int64_t>(1, block.num_values / 8);
      for (int64_t i = 0; i < block.num_values && plain < 4 * choose::kSampleBytes; i += step) {
        const uint64_t length =
            std::min<uint64_t>(offsets[i + 1] - offsets[i], choose::kSampleBytes);
        if (length == 0) continue;
        ARROW_ASSIGN_OR_RAISE(const int64_t size,
                              compressor.Compress(Bytes(ValueData(block) + offsets[i], length),
                                                  scratch->mutable_data()));
        plain += static_cast<int64_t>(length);
        compressed += size;
      }
      return arrow::Status::OK();
    }));
    if (static_cast<double>(compressed) < static_cast<double>(plain) * choose::kGeneralMaxRatio) {
      out.general = compressor;
      return out;
    }
    if (IsGeneral(options.compression)) return out;
  }
  out.fsst = LearnFsst(block, statistics, options);
  return out;
}

}  // namespace lancea
