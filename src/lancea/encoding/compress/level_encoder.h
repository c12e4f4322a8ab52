// Repetition and definition levels on their way to disk: one encoding for all chunks of a page.
//
//   2.1  bit-packed (inline in pages of at most 1,024 levels, else out of line) or flat
//   2.2  whichever is smallest of run lengths, out-of-line bit-packing and flat
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "arrow/result.h"
#include "lancea/encoding/compress/encoding_message.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/value_encoder.h"

namespace lancea {

/// Immutable, thread-safe.
class LevelEncoder {
 public:
  /// \param levels      of the whole page
  /// \param chunk_ends  levels up to the end of each chunk, the last one all of them
  /// \return InvalidInput when the levels of a chunk take more than the 65,535 bytes a chunk can say
  static arrow::Result<LevelEncoder> Choose(std::span<const uint16_t> levels,
                                            std::span<const int64_t> chunk_ends,
                                            const EncodingOptions& options);

  const EncodingMessage& description() const { return description_; }

  /// Append the levels of one chunk, encoded.
  void Encode(std::span<const uint16_t> levels, std::vector<uint8_t>* out) const;

 private:
  friend arrow::Result<BlockEncoding> EncodeLevels(std::span<const uint16_t> levels,
                                                   const EncodingOptions& options,
                                                   arrow::MemoryPool* pool);
  enum class Kind { kFlat, kInline, kOutOfLine, kRunLengths };
  static LevelEncoder ChooseAny(std::span<const uint16_t> levels,
                                std::span<const int64_t> chunk_ends, const EncodingOptions& options,
                                int64_t max_chunk_bytes);
  LevelEncoder(Kind kind, int width);
  int64_t MeasureChunk(std::span<const uint16_t> levels) const;

  Kind kind_;
  int width_;
  EncodingMessage description_;
};

/// All levels in one piece (pages without values).
arrow::Result<BlockEncoding> EncodeLevels(std::span<const uint16_t> levels,
                                          const EncodingOptions& options, arrow::MemoryPool* pool);

}  // namespace lancea
