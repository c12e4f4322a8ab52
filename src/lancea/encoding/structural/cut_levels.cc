#include "lancea/encoding/structural/cut_levels.h"

#include <bit>

#include "arrow/buffer.h"
#include "lancea/encoding/structural/level_masks.h"

namespace lancea {
namespace {

// Position behind the event that owns value number `num_values` from `event` on.
int64_t PassValues(std::span<const uint16_t> def, uint16_t max_visible, int64_t event,
                   int64_t num_values) {
  const int64_t size = static_cast<int64_t>(def.size());
  for (; num_values > 0 && event + kLevelsPerMask <= size; event += kLevelsPerMask) {
    uint64_t visible = MaskAtMost(def.data() + event, max_visible);
    const int count = std::popcount(visible);
    if (count >= num_values) {
      for (int64_t i = 1; i < num_values; ++i) visible &= visible - 1;
      return event + std::countr_zero(visible) + 1;
    }
    num_values -= count;
  }
  for (; num_values > 0 && event < size; ++event) num_values -= def[event] <= max_visible;
  return event;
}

}  // namespace

std::vector<int64_t> CutLevels(const PageLevels& levels, std::span<const EncodedChunk> chunks) {
  std::vector<int64_t> out(chunks.size() + 1);
  const uint16_t max_visible = levels.meaning.max_visible_leaf();
  const bool one_each = levels.num_events == levels.num_values;
  int64_t event = 0;
  for (size_t i = 0; i + 1 < chunks.size(); ++i) {
    event = one_each ? event + chunks[i].num_values
                     : PassValues(levels.def, max_visible, event, chunks[i].num_values);
    out[i + 1] = event;
  }
  out.back() = levels.num_events;
  return out;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> MakeRepetitionIndex(std::span<const uint16_t> rep,
                                                                  std::span<const int64_t> ends,
                                                                  uint16_t max_rep,
                                                                  arrow::MemoryPool* pool) {
  const int64_t num_chunks = static_cast<int64_t>(ends.size()) - 1;
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::AllocateBuffer(num_chunks * 16, pool));
  uint64_t* entry = out->mutable_data_as<uint64_t>();
  for (int64_t i = 0; i < num_chunks; ++i, entry += 2) {
    const int64_t begin = ends[i], end = ends[i + 1];
    // A row that begins with the chunk was finished by the chunk before.
    uint64_t finished = static_cast<uint64_t>(
        end - begin - 1 - CountAtMost(rep.data() + begin + 1, end - begin - 1, max_rep - 1));
    uint64_t left_over = 0;
    if (i + 1 == num_chunks || rep[end] == max_rep) {
      ++finished;
    } else {
      int64_t start = end - 1;
      while (start > begin && rep[start] != max_rep) --start;
      left_over = static_cast<uint64_t>(end - start);
    }
    entry[0] = finished;
    entry[1] = left_over;
  }
  return std::shared_ptr<arrow::Buffer>(std::move(out));
}

}  // namespace lancea
