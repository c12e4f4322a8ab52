#include "lancea/encoding/compress/make_encoder.h"

#include <algorithm>

#include "arrow/buffer.h"
#include "lancea/encoding/compress/bitpacking_encode.h"
#include "lancea/encoding/compress/block_bytes.h"
#include "lancea/encoding/compress/byte_stream_split_encode.h"
#include "lancea/encoding/compress/choose.h"
#include "lancea/encoding/compress/encoding_messages.h"
#include "lancea/encoding/compress/flat_encode.h"
#include "lancea/encoding/compress/rle_encode.h"
#include "lancea/encoding/compress/variable_encode.h"
#include "lancea/encoding/compress/variable_packed_struct_encode.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

bool HasVariableChild(const ValueBlock& block) {
  return std::any_of(block.children.begin(), block.children.end(), [](const ValueBlock& child) {
    return child.is_variable() || HasVariableChild(child);
  });
}

arrow::Result<MiniBlockEncoding> EncodeFixed(const ValueBlock& block,
                                             const EncodingOptions& options,
                                             int64_t max_chunk_values, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(FixedChoice choice, ChooseFixed(block, options, max_chunk_values, pool));
  MiniBlockEncoding out;
  switch (choice.codec) {
    case FixedCodec::kFlat: {
      ARROW_ASSIGN_OR_RAISE(out, EncodeFlatMiniBlock(block, choice.limits, pool));
      break;
    }
    case FixedCodec::kBitpacked: {
      ARROW_ASSIGN_OR_RAISE(out, EncodeInlineBitpacking(block, choice.statistics, pool));
      break;
    }
    case FixedCodec::kRunLengths: {
      ARROW_ASSIGN_OR_RAISE(
          out, EncodeRunLengths(block, choice.limits.max_values, choice.limits.max_bytes, pool));
      break;
    }
    case FixedCodec::kByteStreamSplit: {
      ARROW_ASSIGN_OR_RAISE(out, EncodeByteStreamSplit(block, choice.limits, pool));
      break;
    }
  }
  if (!choice.general) return out;
  return CompressChunks(std::move(out), *choice.general, pool);
}

// Fixed-size lists are plain; compressed when that is asked for and there is one buffer to compress.
arrow::Result<MiniBlockEncoding> EncodeLists(const ValueBlock& block,
                                             const EncodingOptions& options,
                                             int64_t max_chunk_values, arrow::MemoryPool* pool) {
  ChunkLimits limits = LimitsFor(options, false, max_chunk_values);
  std::optional<GeneralCompressor> general = AllowedCompressor(options);
  for (const FixedSizeListLevel& level : block.list_levels) {
    if (level.item_validity != nullptr) general.reset();
  }
  if (general) {
    const ChunkLimits large = LimitsFor(options, true, max_chunk_values);
    ARROW_ASSIGN_OR_RAISE(const double ratio,
                          SampleFlat(block, *general, large.max_bytes, false, pool));
    if (ratio < MaxRatio(options)) {
      limits = large;
    } else {
      general.reset();
    }
  }
  ARROW_ASSIGN_OR_RAISE(MiniBlockEncoding out, EncodeFlatMiniBlock(block, limits, pool));
  return general ? CompressChunks(std::move(out), *general, pool) : std::move(out);
}

arrow::Result<MiniBlockEncoding> EncodeVariable(const ValueBlock& block,
                                                const EncodingOptions& options,
                                                int64_t max_chunk_values, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(VariableChoice choice,
                        ChooseVariable(block, options, max_chunk_values, pool));
  MiniBlockEncoding out;
  if (choice.fsst) {
    ARROW_ASSIGN_OR_RAISE(const ValueBlock codes, choice.fsst->Encode(block, pool));
    ARROW_ASSIGN_OR_RAISE(out, EncodeVariableMiniBlock(codes, choice.limits, pool));
    out.description = FsstEncoding(choice.fsst->SymbolTable(), block.bits_per_offset);
  } else {
    ARROW_ASSIGN_OR_RAISE(out, EncodeVariableMiniBlock(block, choice.limits, pool));
  }
  if (!choice.general) return out;
  return CompressChunks(std::move(out), *choice.general, pool);
}

// A struct's children row by row: plain, as wide rows are.
arrow::Result<MiniBlockEncoding> EncodeStruct(const ValueBlock& block,
                                              const EncodingOptions& options,
                                              int64_t max_chunk_values, arrow::MemoryPool* pool) {
  EncodingMessage description;
  ARROW_ASSIGN_OR_RAISE(const ValueBlock rows, PackStruct(block, &description, pool));
  // The rows are one wide value each; what is chosen for them goes around the struct.
  const ChunkLimits plain = LimitsFor(options, false, max_chunk_values);
  std::optional<GeneralCompressor> general = AllowedCompressor(options);
  const ChunkLimits large = LimitsFor(options, true, max_chunk_values);
  if (general) {
    ARROW_ASSIGN_OR_RAISE(const double ratio,
                          SampleFlat(rows, *general, large.max_bytes, false, pool));
    if (ratio >= MaxRatio(options)) general.reset();
  }
  ARROW_ASSIGN_OR_RAISE(MiniBlockEncoding out,
                        EncodeFlatMiniBlock(rows, general ? large : plain, pool));
  out.description = std::move(description);
  return general ? CompressChunks(std::move(out), *general, pool) : std::move(out);
}

// Plain, or bit-packed where that is smaller.
arrow::Result<BlockEncoding> EncodePackedBlock(const ValueBlock& block, arrow::MemoryPool* pool) {
  const FixedStatistics statistics = MeasureFixed(block);
  const int width = std::max(1, statistics.max_width());
  const int64_t packed = OutOfLineBytes(block.num_values, block.bits_per_value, width);
  const int64_t plain = block.num_values * static_cast<int64_t>(block.bits_per_value / 8);
  if (width >= static_cast<int>(block.bits_per_value) || packed >= plain) {
    return EncodeFlatBlock(block, pool);
  }
  BlockEncoding out;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes, arrow::AllocateBuffer(packed, pool));
  VisitWord(block.bits_per_value, [&]<typename T>(T) {
    PackOutOfLine(std::span<const T>(ValuesAs<T>(block), static_cast<size_t>(block.num_values)),
                  width, bytes->mutable_data());
  });
  out.description = OutOfLineBitpackingEncoding(block.bits_per_value, static_cast<uint64_t>(width));
  out.bytes = std::move(bytes);
  return out;
}

}  // namespace

arrow::Result<MiniBlockEncoding> EncodeMiniBlock(const ValueBlock& unchecked,
                                                 const EncodingOptions& options,
                                                 arrow::MemoryPool* pool,
                                                 int64_t max_chunk_values) {
  ARROW_ASSIGN_OR_RAISE(const ValueBlock block, CheckBlock(unchecked, pool));
  if (block.is_struct()) return EncodeStruct(block, options, max_chunk_values, pool);
  if (block.is_variable()) return EncodeVariable(block, options, max_chunk_values, pool);
  if (!block.list_levels.empty()) return EncodeLists(block, options, max_chunk_values, pool);
  return EncodeFixed(block, options, max_chunk_values, pool);
}

arrow::Result<PerValueEncoding> EncodePerValue(const ValueBlock& unchecked,
                                               const EncodingOptions& options,
                                               arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const ValueBlock block, CheckBlock(unchecked, pool));
  PerValueEncoding out;
  if (block.is_struct()) {
    if (HasVariableChild(block)) return EncodeVariablePackedStruct(block, options, pool);
    ARROW_ASSIGN_OR_RAISE(out.values, PackStruct(block, &out.description, pool));
    return out;
  }
  if (!block.is_variable()) return EncodeFlatPerValue(block, pool);
  ARROW_ASSIGN_OR_RAISE(PerValueChoice choice, ChoosePerValue(block, options, pool));
  out.description = VariableEncoding(block.bits_per_offset);
  if (choice.general) {
    ARROW_ASSIGN_OR_RAISE(out.values, CompressValues(block, *choice.general, pool));
    out.description = choice.general->Describe(std::move(out.description));
  } else if (choice.fsst) {
    ARROW_ASSIGN_OR_RAISE(out.values, choice.fsst->Encode(block, pool));
    out.description = FsstEncoding(choice.fsst->SymbolTable(), block.bits_per_offset);
  } else {
    out.values = block;
  }
  return out;
}

arrow::Result<BlockEncoding> EncodeBlock(const ValueBlock& unchecked, const EncodingOptions&,
                                         arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const ValueBlock block, CheckBlock(unchecked, pool));
  if (block.is_struct()) return Unsupported("a struct as a block");
  return block.is_variable() ? EncodeVariableBlock(block, pool) : EncodeFlatBlock(block, pool);
}

arrow::Result<BlockEncoding> EncodeDictionaryValues(const ValueBlock& items,
                                                    const EncodingOptions& options,
                                                    arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(BlockEncoding plain, EncodeBlock(items, options, pool));
  using Compression = EncodingOptions::Compression;
  if (options.format == FileFormat::k2_1) return plain;
  const Compression chosen = options.dictionary_compression.value_or(
      options.compact ? Compression::kZstd : Compression::kLz4);
  if (!IsGeneral(chosen)) return plain;
  ARROW_ASSIGN_OR_RAISE(
      BlockEncoding out,
      CompressBlock(std::move(plain), MakeCompressor(chosen, options.dictionary_compression_level),
                    pool));
  if (items.is_variable() || !items.list_levels.empty() || !IsWordWidth(items.bits_per_value)) {
    return out;
  }
  ARROW_ASSIGN_OR_RAISE(const ValueBlock block, CheckBlock(items, pool));
  ARROW_ASSIGN_OR_RAISE(BlockEncoding packed, EncodePackedBlock(block, pool));
  return packed.bytes->size() < out.bytes->size() ? packed : out;
}

}  // namespace lancea
