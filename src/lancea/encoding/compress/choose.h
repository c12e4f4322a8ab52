// Which encoding a block gets: every threshold is here, and every comparison of one encoding's bytes with
// another's. Without compression asked for, decisions follow from statistics of the whole block and from
// samples; general compression is tried on a sample first.
#pragma once

#include <cstdint>
#include <optional>

#include "arrow/result.h"
#include "lancea/encoding/compress/fsst_encode.h"
#include "lancea/encoding/compress/general_encode.h"
#include "lancea/encoding/compress/statistics.h"
#include "lancea/encoding/encoding_options.h"

namespace lancea {

namespace choose {

// Mini-block chunks ---------------------------------------------------------------------------------
inline constexpr int64_t kChunkBytes = 8192;  // of values; the smallest read of most stores
inline constexpr int64_t kLongValueChunkBytes =
    4096;  // when values average kLongValue bytes or more
inline constexpr int64_t kLongValue = 64;
inline constexpr int64_t kChunkValues = 4096;
inline constexpr int64_t kCompactChunkBytes = 256 << 10;  // before compression
inline constexpr int64_t kCompactChunkValues = 32768;     // the most that four bits can say
inline constexpr int64_t kMaxChunkBytes21 =
    (16 << 10) - 64;  // half of 32 KiB, levels take the other
inline constexpr int64_t kMaxChunkBytes = int64_t{1} << 30;
inline constexpr int64_t kChunkOverhead = 16;  // header, word and padding of a chunk, about

// FSST ------------------------------------------------------------------------------------------------
inline constexpr int64_t kFsstMinBytes = 64 << 10;
inline constexpr int64_t kFsstMinLength = 5;  // of the longest value
inline constexpr double kFsstMaxRatio = 0.95;
inline constexpr int64_t kFsstTableBytes = 2400;
inline constexpr int64_t kFsstSmallSample = 4 << 10;
inline constexpr int64_t kFsstSample = 16 << 10;
inline constexpr int64_t kFsstLargeBlock = 2 << 20;
inline constexpr int64_t kFsstLargeSample = 32 << 10;
inline constexpr int64_t kFsstPiece = 512;

// General compression --------------------------------------------------------------------------------
inline constexpr int64_t kGeneralMinBytes = 4096;
inline constexpr double kGeneralMaxRatio = 0.97;    // of the best that needs none
inline constexpr double kCompactMaxRatio = 0.995;   // the same, bytes before speed
inline constexpr double kMaxSplitEntropy = 7.5;     // bits per byte; beyond, splitting cannot help
inline constexpr int64_t kSampleBytes = 128 << 10;  // of a sample compressed on trial
inline constexpr int64_t kSamplePieces = 3;
inline constexpr int64_t kLargeValue = 32 << 10;  // full-zip values from here on are compressed

// Dictionaries -----------------------------------------------------------------------------------------
inline constexpr int64_t kDictionaryMinValues = 100;
inline constexpr int64_t kDictionaryMaxItems = 100'000;
inline constexpr double kDictionaryMaxOfRival = 0.95;  // of what the values would take otherwise
inline constexpr int64_t kDistinctSample = 4096;
inline constexpr int64_t kDistinctSampleBlocks = 32;
inline constexpr int64_t kDistinctMinSample = 1024;
inline constexpr double kDistinctMaxUnique = 0.98;
inline constexpr double kTextRatio = 0.5;   // what FSST makes of text, about
inline constexpr double kItemRatio = 0.85;  // what LZ4 makes of dictionary items, cautiously

}  // namespace choose

/// How large chunks of a mini-block page get.
struct ChunkLimits {
  int64_t max_bytes;   ///< aimed at
  int64_t max_values;  ///< a power of two
  int64_t hard_bytes;  ///< more is an error
};

/// \param compressed        chunks are compressed as a whole after
/// \param max_chunk_values  of the caller; 0: none
ChunkLimits LimitsFor(const EncodingOptions& options, bool compressed, int64_t max_chunk_values);

/// The general compression that the options ask for or, being compact, allow.
std::optional<GeneralCompressor> AllowedCompressor(const EncodingOptions& options);
/// True when the options name it.
bool IsGeneral(EncodingOptions::Compression compression);
GeneralCompressor MakeCompressor(EncodingOptions::Compression compression,
                                 std::optional<int> level);

enum class FixedCodec { kFlat, kBitpacked, kRunLengths, kByteStreamSplit };

struct FixedChoice {
  FixedCodec codec = FixedCodec::kFlat;
  std::optional<GeneralCompressor> general;
  ChunkLimits limits{};
  FixedStatistics statistics;  ///< unless flat
  int64_t estimated_bytes = 0;
};

/// Compressed over plain bytes from which on compression does not pay.
double MaxRatio(const EncodingOptions& options);

/// For fixed values that are not lists, checked.
arrow::Result<FixedChoice> ChooseFixed(const ValueBlock& block, const EncodingOptions& options,
                                       int64_t max_chunk_values, arrow::MemoryPool* pool);

struct VariableChoice {
  std::optional<FsstEncoder> fsst;
  std::optional<GeneralCompressor> general;
  ChunkLimits limits{};
};

/// For a variable block, checked.
arrow::Result<VariableChoice> ChooseVariable(const ValueBlock& block,
                                             const EncodingOptions& options,
                                             int64_t max_chunk_values, arrow::MemoryPool* pool);

struct PerValueChoice {
  std::optional<FsstEncoder> fsst;
  std::optional<GeneralCompressor> general;
};

/// For a variable block, checked.
arrow::Result<PerValueChoice> ChoosePerValue(const ValueBlock& block,
                                             const EncodingOptions& options,
                                             arrow::MemoryPool* pool);

/// Compressed over plain bytes of a sample of flat chunks.
arrow::Result<double> SampleFlat(const ValueBlock& block, const GeneralCompressor& compressor,
                                 int64_t chunk_bytes, bool split, arrow::MemoryPool* pool);

/// Bytes of the whole block as variable chunks, compressed, from a sample.
arrow::Result<int64_t> SampleVariable(const ValueBlock& block, const FsstEncoder* fsst,
                                      const std::optional<GeneralCompressor>& compressor,
                                      const ChunkLimits& limits, arrow::MemoryPool* pool);

}  // namespace lancea
