// What encoders of compressive encodings give back, one form per place an encoding can stand; the
// mirror of value_decoder.h. Encoders are pure functions of their input.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/type_fwd.h"
#include "lancea/encoding/value_block.h"
#include "lancea/proto/encodings_v2_3.pb.h"

namespace lancea {

/// A chunk of a mini-block page.
struct EncodedChunk {
  static constexpr int kMaxBuffers = 8;
  /// A power of two in every chunk but the last.
  uint32_t num_values = 0;
  /// Bytes of this chunk in each value buffer, without padding.
  std::array<uint32_t, kMaxBuffers> buffer_sizes{};
};

/// Values cut into chunks.
struct MiniBlockEncoding {
  lance::encodings23::CompressiveEncoding description;
  /// Each the chunks' bytes back to back.
  std::vector<std::shared_ptr<arrow::Buffer>> buffers;
  std::vector<EncodedChunk> chunks;
  int64_t num_values = 0;
};

/// Values that can be fetched one at a time: the compressed values are fixed or variable themselves.
struct PerValueEncoding {
  lance::encodings23::CompressiveEncoding description;
  ValueBlock values;
};

/// All values in one piece.
struct BlockEncoding {
  lance::encodings23::CompressiveEncoding description;
  std::shared_ptr<arrow::Buffer> bytes;
};

}  // namespace lancea
