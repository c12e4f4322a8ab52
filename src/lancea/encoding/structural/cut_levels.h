// Levels sliced along the chunks of their values.
//
// A chunk ends right behind the event of its last value; nulls and empties of lists that follow, which
// own no value, open the next chunk. The last chunk takes what is left.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/structural/level_builder.h"
#include "lancea/encoding/value_encoder.h"

namespace lancea {

/// \return chunks.size() + 1 event positions, from 0 to num_events
std::vector<int64_t> CutLevels(const PageLevels& levels, std::span<const EncodedChunk> chunks);

/// The repetition index of depth 1: per chunk the rows finished in it and the levels left over behind
/// the last of them. mini_block.h tells how it is read.
/// \param ends  as CutLevels gives them
arrow::Result<std::shared_ptr<arrow::Buffer>> MakeRepetitionIndex(std::span<const uint16_t> rep,
                                                                  std::span<const int64_t> ends,
                                                                  uint16_t max_rep,
                                                                  arrow::MemoryPool* pool);

}  // namespace lancea
