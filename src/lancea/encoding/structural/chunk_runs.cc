#include "lancea/encoding/structural/chunk_runs.h"

#include <algorithm>

namespace lancea {

std::vector<ChunkRun> FindChunkRuns(const MiniBlockPage& page, std::span<const RowRange> ranges) {
  const ChunkIndex& chunks = page.chunks();
  std::vector<ChunkRun> out;
  for (const RowRange& range : ranges) {
    int64_t first, last;
    if (page.has_repetition_index()) {
      first = chunks.ChunkOfRowStart(range.start);
      last = chunks.ChunkOfRowEnd(range.end - 1);
    } else {
      first = chunks.ChunkOfValue(range.start);
      last = chunks.ChunkOfValue(range.end - 1);
    }
    if (!out.empty() && first <= out.back().last + 1) {
      out.back().last = std::max(out.back().last, last);
    } else {
      out.push_back({first, last});
    }
  }
  return out;
}

std::vector<ByteRange> BytesOfRuns(const MiniBlockPage& page, std::span<const ChunkRun> runs) {
  const uint64_t base = page.page().buffers[1].offset;
  std::vector<ByteRange> out;
  for (const ChunkRun& run : runs) {
    const uint64_t begin = page.chunks().byte_begin(run.first);
    out.push_back({base + begin, page.chunks().byte_end(run.last) - begin});
  }
  return out;
}

Bytes ChunkInRun(const MiniBlockPage& page, const ChunkRun& run, const uint8_t* bytes,
                 int64_t chunk) {
  const ChunkIndex& chunks = page.chunks();
  const uint64_t begin = chunks.byte_begin(chunk);
  return Bytes(bytes + (begin - chunks.byte_begin(run.first)), chunks.byte_end(chunk) - begin);
}

void WantedOfChunk(const MiniBlockPage& page, int64_t chunk, std::span<const RowRange> ranges,
                   size_t* next_range, std::vector<ChunkSlice>* wanted) {
  const uint64_t chunk_begin = page.chunks().value_begin(chunk);
  const uint64_t chunk_end = page.chunks().value_end(chunk);
  wanted->clear();
  for (; *next_range < ranges.size(); ++*next_range) {
    const RowRange& range = ranges[*next_range];
    if (range.start >= chunk_end) break;
    wanted->push_back({static_cast<int64_t>(std::max(range.start, chunk_begin) - chunk_begin),
                       static_cast<int64_t>(std::min(range.end, chunk_end) - chunk_begin)});
    if (range.end > chunk_end) break;
  }
}

}  // namespace lancea
