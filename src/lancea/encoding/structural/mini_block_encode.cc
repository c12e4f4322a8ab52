#include "lancea/encoding/structural/mini_block_encode.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "arrow/buffer.h"
#include "lancea/encoding/compress/dictionary_encode.h"
#include "lancea/encoding/compress/level_encoder.h"
#include "lancea/encoding/compress/make_encoder.h"
#include "lancea/encoding/structural/cut_levels.h"

namespace lancea {
namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;

constexpr int64_t kAlignment = 8;
constexpr uint8_t kPadByte = 0xFE;
constexpr int64_t kMaxLevelsPerChunk = std::numeric_limits<uint16_t>::max();
constexpr int64_t kMaxSmallChunkBytes = int64_t{1} << 15;  // what 12 bits of a 16-bit word can say
constexpr int64_t kMaxLargeChunkBytes = int64_t{1} << 31;

constexpr int64_t Padded(int64_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

// One kind of levels: the chunks' bytes back to back.
struct LevelChunks {
  lance::encodings23::CompressiveEncoding description;
  std::vector<uint8_t> bytes;
  std::vector<int64_t> ends = {0};

  int64_t size(size_t chunk) const { return ends[chunk + 1] - ends[chunk]; }
};

// Nothing when a chunk holds more levels than it can say.
std::optional<LevelChunks> EncodeLevels(std::span<const uint16_t> levels,
                                        std::span<const int64_t> ends,
                                        const EncodingOptions& options) {
  auto encoder = LevelEncoder::Choose(levels, ends.subspan(1), options);
  if (!encoder.ok()) return std::nullopt;
  LevelChunks out;
  out.description = encoder->description();
  out.ends.reserve(ends.size());
  for (size_t i = 0; i + 1 < ends.size(); ++i) {
    encoder->Encode(levels.subspan(ends[i], ends[i + 1] - ends[i]), &out.bytes);
    out.ends.push_back(static_cast<int64_t>(out.bytes.size()));
  }
  return out;
}

// Values per chunk that keep the levels of an even page within the chunk; 0: as many as suit the values.
int64_t MostChunkValues(const PageLevels& levels) {
  constexpr int64_t kUsualChunkValues = 4096;
  constexpr int64_t kUsualLevels = 1 << 15;  // at 4 bits they fill half of a small chunk
  if (levels.num_events / kUsualLevels * kUsualChunkValues <= levels.num_values) return 0;
  return std::max<int64_t>(2, levels.num_values * kUsualLevels / levels.num_events);
}

class ChunkWriter {
 public:
  ChunkWriter(const MiniBlockEncoding& values, const LevelChunks* rep, const LevelChunks* def,
              bool large)
      : values_(values), rep_(rep), def_(def), large_(large) {}

  int64_t ChunkBytes(size_t chunk) const {
    int64_t size = HeaderBytes();
    if (rep_ != nullptr) size += Padded(rep_->size(chunk));
    if (def_ != nullptr) size += Padded(def_->size(chunk));
    for (size_t i = 0; i < values_.buffers.size(); ++i) {
      size += Padded(values_.chunks[chunk].buffer_sizes[i]);
    }
    return size;
  }

  // Chunks in order only: it goes on in the value buffers where the chunk before ended.
  uint8_t* Write(size_t chunk, uint16_t num_levels, uint8_t* out) {
    uint8_t* const begin = out;
    out = Put(num_levels, out);
    if (rep_ != nullptr) out = Put(static_cast<uint16_t>(rep_->size(chunk)), out);
    if (def_ != nullptr) out = Put(static_cast<uint16_t>(def_->size(chunk)), out);
    const EncodedChunk& sizes = values_.chunks[chunk];
    for (size_t i = 0; i < values_.buffers.size(); ++i) {
      out = large_ ? Put(sizes.buffer_sizes[i], out)
                   : Put(static_cast<uint16_t>(sizes.buffer_sizes[i]), out);
    }
    out = Pad(begin, out);
    if (rep_ != nullptr) out = PutLevels(*rep_, chunk, begin, out);
    if (def_ != nullptr) out = PutLevels(*def_, chunk, begin, out);
    for (size_t i = 0; i < values_.buffers.size(); ++i) {
      std::memcpy(out, values_.buffers[i]->data() + positions_[i], sizes.buffer_sizes[i]);
      positions_[i] += sizes.buffer_sizes[i];
      out = Pad(begin, out + sizes.buffer_sizes[i]);
    }
    return out;
  }

 private:
  int64_t HeaderBytes() const {
    const int64_t num_levels = 1 + (rep_ != nullptr) + (def_ != nullptr);
    return Padded(2 * num_levels + (large_ ? 4 : 2) * static_cast<int64_t>(values_.buffers.size()));
  }
  template <typename T>
  static uint8_t* Put(T value, uint8_t* out) {
    std::memcpy(out, &value, sizeof(T));
    return out + sizeof(T);
  }
  static uint8_t* PutLevels(const LevelChunks& levels, size_t chunk, uint8_t* begin, uint8_t* out) {
    const int64_t size = levels.size(chunk);
    std::memcpy(out, levels.bytes.data() + levels.ends[chunk], static_cast<size_t>(size));
    return Pad(begin, out + size);
  }
  static uint8_t* Pad(uint8_t* begin, uint8_t* out) {
    return std::fill_n(out, Padded(out - begin) - (out - begin), kPadByte);
  }

  const MiniBlockEncoding& values_;
  const LevelChunks* const rep_;
  const LevelChunks* const def_;
  const bool large_;
  std::array<int64_t, EncodedChunk::kMaxBuffers> positions_{};
};

// Page buffers 0 and 1; nothing when a chunk is larger than its word can say.
arrow::Result<std::vector<BufferPtr>> WriteChunks(const MiniBlockEncoding& values,
                                                  const LevelChunks* rep, const LevelChunks* def,
                                                  std::span<const int64_t> ends, bool large,
                                                  arrow::MemoryPool* pool) {
  const size_t num_chunks = values.chunks.size();
  ChunkWriter writer(values, rep, def, large);
  const int64_t width = large ? 4 : 2;
  ARROW_ASSIGN_OR_RAISE(auto words,
                        arrow::AllocateBuffer(static_cast<int64_t>(num_chunks) * width, pool));
  int64_t size = 0;
  for (size_t i = 0; i < num_chunks; ++i) {
    const int64_t chunk_bytes = writer.ChunkBytes(i);
    if (chunk_bytes > (large ? kMaxLargeChunkBytes : kMaxSmallChunkBytes)) {
      return std::vector<BufferPtr>();
    }
    // The last chunk holds what is left, which its log need not say.
    const bool last = i + 1 == num_chunks;
    const uint32_t log =
        last ? 0 : static_cast<uint32_t>(std::bit_width(values.chunks[i].num_values) - 1);
    const uint32_t word = (static_cast<uint32_t>(chunk_bytes / kAlignment - 1) << 4) | log;
    std::memcpy(words->mutable_data() + static_cast<int64_t>(i) * width, &word,
                static_cast<size_t>(width));
    size += chunk_bytes;
  }
  ARROW_ASSIGN_OR_RAISE(auto data, arrow::AllocateBuffer(size, pool));
  uint8_t* out = data->mutable_data();
  for (size_t i = 0; i < num_chunks; ++i) {
    const uint16_t num_levels =
        rep == nullptr && def == nullptr ? 0 : static_cast<uint16_t>(ends[i + 1] - ends[i]);
    out = writer.Write(i, num_levels, out);
  }
  return std::vector<BufferPtr>{std::move(words), std::move(data)};
}

}  // namespace

arrow::Result<MiniBlockPageBody> EncodeMiniBlockPage(const PageLevels& levels,
                                                     const GatheredValues& values,
                                                     const EncodingOptions& options,
                                                     arrow::MemoryPool* pool) {
  MiniBlockPageBody out;
  ARROW_ASSIGN_OR_RAISE(MiniBlockEncoding encoded,
                        EncodeMiniBlock(values.values, options, pool, MostChunkValues(levels)));
  const std::vector<int64_t> ends = CutLevels(levels, encoded.chunks);
  bool fits = true;
  if (levels.has_rep() || levels.has_def()) {
    for (size_t i = 0; i + 1 < ends.size(); ++i) {
      fits = fits && ends[i + 1] - ends[i] <= kMaxLevelsPerChunk;
    }
  }
  std::optional<LevelChunks> rep, def;
  if (fits && levels.has_rep()) fits = (rep = EncodeLevels(levels.rep, ends, options)).has_value();
  if (fits && levels.has_def()) fits = (def = EncodeLevels(levels.def, ends, options)).has_value();
  if (!fits) {
    out.fit = MiniBlockFit::kTooManyLevels;
    return out;
  }
  const bool large = options.format != FileFormat::k2_1;
  ARROW_ASSIGN_OR_RAISE(out.body.buffers, WriteChunks(encoded, rep ? &*rep : nullptr,
                                                      def ? &*def : nullptr, ends, large, pool));
  if (out.body.buffers.empty()) {
    out.fit = levels.num_events > levels.num_values ? MiniBlockFit::kTooManyLevels
                                                    : MiniBlockFit::kTooLargeValues;
    return out;
  }
  auto& layout = *out.body.layout.mutable_mini_block_layout();
  if (rep) Describe(rep->description, layout.mutable_rep_compression());
  if (def) Describe(def->description, layout.mutable_def_compression());
  Describe(encoded.description, layout.mutable_value_compression());
  layout.set_num_buffers(encoded.buffers.size());
  layout.set_num_items(static_cast<uint64_t>(levels.num_values));
  layout.set_has_large_chunk(large);
  AddLayers(levels.meaning, &layout);
  if (values.dictionary) {
    ARROW_ASSIGN_OR_RAISE(BlockEncoding items,
                          EncodeDictionaryValues(*values.dictionary, options, pool));
    Describe(items.description, layout.mutable_dictionary());
    layout.set_num_dictionary_items(static_cast<uint64_t>(values.dictionary->num_values));
    out.body.buffers.push_back(std::move(items.bytes));
  }
  if (rep) {
    ARROW_ASSIGN_OR_RAISE(auto index,
                          MakeRepetitionIndex(levels.rep, ends, levels.meaning.max_rep(), pool));
    layout.set_repetition_index_depth(1);
    out.body.buffers.push_back(std::move(index));
  }
  return out;
}

}  // namespace lancea
