// The chunks of a mini-block page that hold some rows, neighbours together: one read each.
#pragma once

#include <span>
#include <vector>

#include "lancea/encoding/structural/mini_block_page.h"
#include "lancea/io/row_range.h"

namespace lancea {

/// Chunks [first, last].
struct ChunkRun {
  int64_t first, last;
};

/// \param ranges  page-relative, ascending, disjoint, within the page
std::vector<ChunkRun> FindChunkRuns(const MiniBlockPage& page, std::span<const RowRange> ranges);

/// Where the bytes of each run are in the file.
std::vector<ByteRange> BytesOfRuns(const MiniBlockPage& page, std::span<const ChunkRun> runs);

/// Chunk `chunk` inside the bytes of `run`, which it is in.
Bytes ChunkInRun(const MiniBlockPage& page, const ChunkRun& run, const uint8_t* bytes,
                 int64_t chunk);

/// Values [begin, end) of a chunk.
struct ChunkSlice {
  int64_t begin, end;
};

/// Of a page whose rows are its values: those of a chunk that are wanted.
/// \param next_range  the first range that reaches into the chunk or beyond; moved on to that of the next
void WantedOfChunk(const MiniBlockPage& page, int64_t chunk, std::span<const RowRange> ranges,
                   size_t* next_range, std::vector<ChunkSlice>* wanted);

}  // namespace lancea
