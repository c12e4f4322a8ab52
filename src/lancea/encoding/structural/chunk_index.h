// Where the chunks of a mini-block page lie and which values and rows each holds.
#pragma once

#include <cstdint>
#include <vector>

#include "arrow/result.h"
#include "lancea/io/row_range.h"
#include "lancea/util/byte_reader.h"

namespace lancea {

/// Immutable after Make. Chunks are numbered from 0.
class ChunkIndex {
 public:
  /// \param words       page buffer 0
  /// \param large       words are u32, not u16
  /// \param num_items   values in the page
  /// \param data_size   bytes of page buffer 1
  static arrow::Result<ChunkIndex> Make(Bytes words, bool large, uint64_t num_items,
                                        uint64_t data_size);

  /// Add row boundaries from the repetition index.
  /// \param depth     of the index: depth + 1 numbers per chunk, of which the first two are used
  /// \param num_rows  rows in the page
  arrow::Status SetRows(Bytes repetition_index, uint32_t depth, uint64_t num_rows);

  int64_t num_chunks() const { return static_cast<int64_t>(byte_offsets_.size()) - 1; }
  /// Bytes [begin, end) of chunk `chunk` inside the chunk buffer.
  uint64_t byte_begin(int64_t chunk) const { return byte_offsets_[chunk]; }
  uint64_t byte_end(int64_t chunk) const { return byte_offsets_[chunk + 1]; }
  /// Values [begin, end) of the page that the chunk holds.
  uint64_t value_begin(int64_t chunk) const { return value_offsets_[chunk]; }
  uint64_t value_end(int64_t chunk) const { return value_offsets_[chunk + 1]; }
  /// With a repetition index: the first row that begins in the chunk, and whether the chunk opens with
  /// the rest of the row before it.
  uint64_t first_row(int64_t chunk) const { return row_starts_[chunk]; }
  bool has_preamble(int64_t chunk) const { return has_preamble_[chunk] != 0; }
  bool has_rows() const { return !row_starts_.empty(); }

  /// The chunk that holds value `value` (no repetition index: value = row).
  int64_t ChunkOfValue(uint64_t value) const;
  /// The chunk in which row `row` begins.
  int64_t ChunkOfRowStart(uint64_t row) const;
  /// The last chunk that holds a part of row `row`.
  int64_t ChunkOfRowEnd(uint64_t row) const;

  uint64_t memory_bytes() const {
    return 8 * (byte_offsets_.size() + value_offsets_.size() + row_starts_.size()) +
           has_preamble_.size();
  }

 private:
  std::vector<uint64_t> byte_offsets_;   // num_chunks + 1
  std::vector<uint64_t> value_offsets_;  // num_chunks + 1
  std::vector<uint64_t> row_starts_;     // num_chunks + 1, rows begun before the chunk
  std::vector<uint8_t> has_preamble_;    // num_chunks + 1
  int values_per_chunk_log_ = -1;        // >= 0 when all chunks but the last hold 2^log values
};

}  // namespace lancea
