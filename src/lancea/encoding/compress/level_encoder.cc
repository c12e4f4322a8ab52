#include "lancea/encoding/compress/level_encoder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "arrow/buffer.h"
#include "lancea/encoding/compress/bitpacking_encode.h"
#include "lancea/encoding/compress/encoding_messages.h"
#include "lancea/encoding/compress/fastlanes_pack.h"
#include "lancea/encoding/compress/rle_encode.h"
#include "lancea/util/errors.h"

namespace lancea {
namespace {

constexpr uint64_t kLevelBits = 16;
constexpr int64_t kMaxChunkBytes = 65535;

int WidthOf(std::span<const uint16_t> levels) {
  uint16_t any = 0;
  for (uint16_t level : levels) any |= level;
  // Levels that are all zero are rare, and a width of zero is no encoding that every reader has seen.
  return std::max(1, static_cast<int>(std::bit_width(any)));
}

template <typename Visit>
void ForEachChunk(std::span<const uint16_t> levels, std::span<const int64_t> chunk_ends,
                  Visit visit) {
  int64_t begin = 0;
  for (int64_t end : chunk_ends) {
    visit(levels.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
    begin = end;
  }
}

}  // namespace

LevelEncoder::LevelEncoder(Kind kind, int width) : kind_(kind), width_(width) {
  switch (kind) {
    case Kind::kFlat:
      description_ = FlatEncoding(kLevelBits);
      break;
    case Kind::kInline:
      description_ = InlineBitpackingEncoding(kLevelBits);
      break;
    case Kind::kOutOfLine:
      description_ = OutOfLineBitpackingEncoding(kLevelBits, static_cast<uint64_t>(width));
      break;
    case Kind::kRunLengths:
      description_ = RunLengthEncoding(kLevelBits);
      break;
  }
}

int64_t LevelEncoder::MeasureChunk(std::span<const uint16_t> levels) const {
  const int64_t count = static_cast<int64_t>(levels.size());
  switch (kind_) {
    case Kind::kFlat:
      return 2 * count;
    case Kind::kInline:
      return 2 + compress::FastLanesBytes(WidthOf(levels));
    case Kind::kOutOfLine:
      return OutOfLineBytes(count, kLevelBits, width_);
    case Kind::kRunLengths:
      return RunLengthBlockBytes(CountRunEntries(levels));
  }
  return 0;
}

LevelEncoder LevelEncoder::ChooseAny(std::span<const uint16_t> levels,
                                     std::span<const int64_t> chunk_ends,
                                     const EncodingOptions& options, int64_t max_chunk_bytes) {
  const int width = WidthOf(levels);
  const int64_t count = static_cast<int64_t>(levels.size());
  std::vector<LevelEncoder> candidates;
  if (options.format == FileFormat::k2_1) {
    if (count <= compress::kFastLanesValues) {
      if (compress::FastLanesBytes(width) < 2 * count) {
        candidates.push_back(LevelEncoder(Kind::kInline, width));
      }
    } else if (width < static_cast<int>(kLevelBits)) {
      candidates.push_back(LevelEncoder(Kind::kOutOfLine, width));
    }
  } else {
    if (width < static_cast<int>(kLevelBits)) {
      candidates.push_back(LevelEncoder(Kind::kOutOfLine, width));
    }
    candidates.push_back(LevelEncoder(Kind::kRunLengths, width));
  }
  // The smallest whose chunks all fit; flat if there is none.
  LevelEncoder best(Kind::kFlat, width);
  int64_t best_bytes = 2 * count;
  ForEachChunk(levels, chunk_ends, [&](std::span<const uint16_t> chunk) {
    if (best.MeasureChunk(chunk) > max_chunk_bytes)
      best_bytes = std::numeric_limits<int64_t>::max();
  });
  for (const LevelEncoder& candidate : candidates) {
    int64_t bytes = 0;
    bool fits = true;
    ForEachChunk(levels, chunk_ends, [&](std::span<const uint16_t> chunk) {
      const int64_t size = candidate.MeasureChunk(chunk);
      fits &= size <= max_chunk_bytes;
      bytes += size;
    });
    if (fits && bytes < best_bytes) {
      best = candidate;
      best_bytes = bytes;
    }
  }
  return best;
}

arrow::Result<LevelEncoder> LevelEncoder::Choose(std::span<const uint16_t> levels,
                                                 std::span<const int64_t> chunk_ends,
                                                 const EncodingOptions& options) {
  int64_t begin = 0;
  for (int64_t end : chunk_ends) {
    if (end < begin || end > static_cast<int64_t>(levels.size())) {
      return InvalidInput("a chunk of levels ", begin, " to ", end, " of ", levels.size());
    }
    begin = end;
  }
  if (begin != static_cast<int64_t>(levels.size())) {
    return InvalidInput("chunks hold ", begin, " of ", levels.size(), " levels");
  }
  LevelEncoder out = ChooseAny(levels, chunk_ends, options, kMaxChunkBytes);
  int64_t most = 0;
  ForEachChunk(levels, chunk_ends, [&](std::span<const uint16_t> chunk) {
    most = std::max(most, out.MeasureChunk(chunk));
  });
  if (most > kMaxChunkBytes) {
    return InvalidInput("levels of a chunk take ", most, " bytes, at most ", kMaxChunkBytes);
  }
  return out;
}

void LevelEncoder::Encode(std::span<const uint16_t> levels, std::vector<uint8_t>* out) const {
  if (kind_ == Kind::kRunLengths) return AppendRunLengthBlock(levels, out);
  const size_t at = out->size();
  out->resize(at + static_cast<size_t>(MeasureChunk(levels)));
  uint8_t* const to = out->data() + at;
  if (kind_ == Kind::kFlat) {
    if (!levels.empty()) std::memcpy(to, levels.data(), levels.size_bytes());
  } else if (kind_ == Kind::kOutOfLine) {
    PackOutOfLine(levels, width_, to);
  } else {
    uint16_t padded[compress::kFastLanesValues] = {};
    std::copy(levels.begin(), levels.end(), padded);
    const uint16_t width = static_cast<uint16_t>(WidthOf(levels));
    std::memcpy(to, &width, 2);
    compress::FastLanesPack(padded, width, to + 2);
  }
}

arrow::Result<BlockEncoding> EncodeLevels(std::span<const uint16_t> levels,
                                          const EncodingOptions& options, arrow::MemoryPool* pool) {
  const int64_t end = static_cast<int64_t>(levels.size());
  const LevelEncoder encoder = LevelEncoder::ChooseAny(levels, std::span(&end, 1), options,
                                                       std::numeric_limits<int64_t>::max());
  std::vector<uint8_t> bytes;
  encoder.Encode(levels, &bytes);
  BlockEncoding out;
  out.description = encoder.description();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(static_cast<int64_t>(bytes.size()), pool));
  if (!bytes.empty()) std::memcpy(buffer->mutable_data(), bytes.data(), bytes.size());
  out.bytes = std::move(buffer);
  return out;
}

}  // namespace lancea
