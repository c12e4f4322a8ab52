#include "lancea/encoding/v2_0/end_offsets.h"

#include <limits>

#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"
#include "lancea/util/errors.h"

namespace lancea::v2_0 {

std::vector<RowRange> EntryRanges(std::span<const RowRange> ranges) {
  std::vector<RowRange> out;
  out.reserve(ranges.size());
  for (const RowRange& range : ranges) {
    const uint64_t start = range.start == 0 ? 0 : range.start - 1;
    if (!out.empty() && start <= out.back().end) {
      out.back().end = range.end;
    } else {
      out.push_back({start, range.end});
    }
  }
  return out;
}

template <typename Offset>
arrow::Result<RowExtents> DecodeEndOffsets(std::span<const RowRange> ranges, const uint64_t* entries,
                                           uint64_t adjustment, uint64_t limit,
                                           arrow::MemoryPool* pool) {
  if (adjustment == 0) return Corrupt("end offsets with a null adjustment of 0");
  const int64_t num_rows = CountRows(ranges);
  RowExtents out;
  ARROW_ASSIGN_OR_RAISE(
      out.offsets, arrow::AllocateBuffer((num_rows + 1) * static_cast<int64_t>(sizeof(Offset)), pool));
  Offset* offsets = out.offsets->mutable_data_as<Offset>();
  *offsets++ = 0;
  uint64_t total = 0;
  bool descends = false;
  const uint64_t* at = entries;
  uint64_t entries_end = 0;  // row after the last entry read so far; 0: none yet
  for (const RowRange& range : ranges) {
    uint64_t begin = 0;
    if (range.start > 0) {
      // The entry before the range is the last one read if ranges touch; else it leads this range.
      const uint64_t before = entries_end == range.start ? at[-1] : *at++;
      begin = before - (before >= adjustment ? adjustment : 0);
    }
    const int64_t rows = static_cast<int64_t>(range.size());
    // Offsets are computed modulo 2^64 and kept only if none descends and the total fits.
    const uint64_t shift = total - begin;
    uint64_t previous = begin;
    int64_t nulls = 0;
    for (int64_t i = 0; i < rows; ++i) {
      const bool is_null = at[i] >= adjustment;
      const uint64_t end = at[i] - (is_null ? adjustment : 0);
      nulls += is_null;
      descends |= end < previous;
      previous = end;
      offsets[i] = static_cast<Offset>(end + shift);
    }
    if (descends) return Corrupt("end offsets descend in rows ", range.start, " to ", range.end);
    if (previous > limit) {
      return Corrupt("rows ", range.start, " to ", range.end, " end at ", previous, " of ", limit);
    }
    out.null_count += nulls;
    at += rows;
    offsets += rows;
    entries_end = range.end;
    if (previous > begin) {
      total += previous - begin;
      if (!out.stored.empty() && out.stored.back().end == begin) {
        out.stored.back().end = previous;
      } else if (!out.stored.empty() && begin < out.stored.back().end) {
        return Corrupt("end offsets descend before row ", range.start);
      } else {
        out.stored.push_back({begin, previous});
      }
    }
    if (total > static_cast<uint64_t>(std::numeric_limits<Offset>::max())) {
      return arrow::Status::CapacityError("more than ", std::numeric_limits<Offset>::max(),
                                          " bytes or items in one array; lower batch_size");
    }
  }
  out.total = total;
  if (out.null_count == 0) return out;
  ARROW_ASSIGN_OR_RAISE(out.validity, arrow::AllocateEmptyBitmap(num_rows, pool));
  uint8_t* bits = out.validity->mutable_data();
  at = entries;
  entries_end = 0;
  int64_t row = 0;
  for (const RowRange& range : ranges) {
    if (range.start > 0 && entries_end != range.start) ++at;
    for (uint64_t i = range.start; i < range.end; ++i, ++row) {
      bits[row >> 3] |= static_cast<uint8_t>((*at++ < adjustment) << (row & 7));
    }
    entries_end = range.end;
  }
  return out;
}

template arrow::Result<RowExtents> DecodeEndOffsets<int32_t>(std::span<const RowRange>, const uint64_t*,
                                                             uint64_t, uint64_t, arrow::MemoryPool*);
template arrow::Result<RowExtents> DecodeEndOffsets<int64_t>(std::span<const RowRange>, const uint64_t*,
                                                             uint64_t, uint64_t, arrow::MemoryPool*);

}  // namespace lancea::v2_0
