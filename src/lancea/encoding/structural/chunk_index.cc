#include "lancea/encoding/structural/chunk_index.h"

#include <algorithm>

namespace lancea {

// What four bits of a chunk word can say.
constexpr uint64_t kMaxChunkValues = uint64_t{1} << 15;

arrow::Result<ChunkIndex> ChunkIndex::Make(Bytes words, bool large, uint64_t num_items,
                                           uint64_t data_size) {
  const size_t width = large ? 4 : 2;
  if (words.size() % width != 0) {
    return Corrupt("chunk words take ", words.size(), " bytes, not a multiple of ", width);
  }
  const size_t num_chunks = words.size() / width;
  ChunkIndex out;
  out.byte_offsets_.resize(num_chunks + 1);
  out.value_offsets_.resize(num_chunks + 1);
  uint64_t byte_offset = 0, value_offset = 0;
  int common_log = -1;
  bool uniform = true;
  for (size_t i = 0; i < num_chunks; ++i) {
    const uint32_t word = large ? LoadLittleEndian<uint32_t>(words.data() + 4 * i)
                                : LoadLittleEndian<uint16_t>(words.data() + 2 * i);
    const uint64_t num_bytes = (uint64_t{word >> 4} + 1) * 8;
    const int log = static_cast<int>(word & 0xF);
    const bool last = i + 1 == num_chunks;
    uint64_t num_values = uint64_t{1} << log;
    if (last) {
      num_values = num_items - value_offset;
    } else {
      if (common_log < 0) common_log = log;
      uniform &= log == common_log;
    }
    // A chunk is decoded as a whole: the last one claims no more than the others could.
    if (value_offset > num_items || num_values > kMaxChunkValues) {
      return Corrupt("chunk ", i, " of ", num_values, " values in a page of ", num_items);
    }
    byte_offset += num_bytes;
    value_offset += num_values;
    if (byte_offset > data_size) {
      return Corrupt("chunk ", i, " ends at ", byte_offset, " of ", data_size, " bytes");
    }
    if (value_offset > num_items) {
      return Corrupt("chunks hold more than the page's ", num_items, " values");
    }
    out.byte_offsets_[i + 1] = byte_offset;
    out.value_offsets_[i + 1] = value_offset;
  }
  if (value_offset != num_items) {
    return Corrupt("chunks hold ", value_offset, " values, the page says ", num_items);
  }
  if (uniform && num_chunks > 1) out.values_per_chunk_log_ = common_log;
  return out;
}

arrow::Status ChunkIndex::SetRows(Bytes repetition_index, uint32_t depth, uint64_t num_rows) {
  const uint64_t stride = 8 * (uint64_t{depth} + 1);
  const size_t chunks = static_cast<size_t>(num_chunks());
  if (repetition_index.size() % stride != 0 || repetition_index.size() / stride != chunks) {
    return Corrupt("repetition index of depth ", depth, " takes ", repetition_index.size(),
                   " bytes for ", chunks, " chunks");
  }
  row_starts_.resize(chunks + 1);
  has_preamble_.resize(chunks + 1);
  uint64_t rows = 0;
  bool preamble = false;
  for (size_t i = 0; i < chunks; ++i) {
    const uint8_t* entry = repetition_index.data() + i * stride;
    const uint64_t finished = LoadLittleEndian<uint64_t>(entry);
    const bool trailer = LoadLittleEndian<uint64_t>(entry + 8) > 0;
    row_starts_[i] = rows;
    has_preamble_[i] = preamble;
    if (finished > num_rows) {
      return Corrupt("repetition index counts ", finished, " rows in chunk ", i, " of a page of ",
                     num_rows);
    }
    // Rows begun here: those finished, less one begun earlier, plus one left open. A chunk inside a
    // long row finishes none, opens none of its own and still has levels left over.
    const uint64_t opened = finished + (trailer ? 1 : 0);
    if (preamble && opened == 0) {
      return Corrupt("repetition index: chunk ", i, " neither ends nor continues an open row");
    }
    rows += opened - (preamble ? 1 : 0);
    if (rows > num_rows) {
      return Corrupt("repetition index begins more than the page's ", num_rows, " rows");
    }
    preamble = trailer;
  }
  row_starts_[chunks] = rows;
  has_preamble_[chunks] = false;
  if (rows != num_rows) {
    return Corrupt("repetition index begins ", rows, " rows, the page has ", num_rows);
  }
  return arrow::Status::OK();
}

int64_t ChunkIndex::ChunkOfValue(uint64_t value) const {
  if (values_per_chunk_log_ >= 0) {
    return std::min<int64_t>(static_cast<int64_t>(value >> values_per_chunk_log_),
                             num_chunks() - 1);
  }
  auto it = std::upper_bound(value_offsets_.begin(), value_offsets_.end(), value);
  return it - value_offsets_.begin() - 1;
}

int64_t ChunkIndex::ChunkOfRowStart(uint64_t row) const {
  auto it = std::upper_bound(row_starts_.begin(), row_starts_.end(), row);
  return it - row_starts_.begin() - 1;
}

int64_t ChunkIndex::ChunkOfRowEnd(uint64_t row) const {
  int64_t chunk = ChunkOfRowStart(row);
  // A row goes on into the next chunk only if it is the last begun in this one.
  while (chunk + 1 < num_chunks() && row_starts_[chunk + 1] == row + 1 &&
         has_preamble_[chunk + 1]) {
    ++chunk;
  }
  return chunk;
}

}  // namespace lancea
