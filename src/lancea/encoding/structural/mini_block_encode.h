// Writes mini-block pages; mini_block.h tells the bytes.
#pragma once

#include <optional>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/structural/encoded_page_body.h"
#include "lancea/encoding/structural/gather_values.h"
#include "lancea/encoding/structural/level_builder.h"

namespace lancea {

/// Why a page cannot be cut into mini-blocks.
enum class MiniBlockFit {
  kFits,
  kTooManyLevels,  ///< a chunk of few values lies among too many nulls or empties: fewer rows may fit
  kTooLargeValues  ///< two values fill more than a chunk may hold
};

struct MiniBlockPageBody {
  MiniBlockFit fit = MiniBlockFit::kFits;
  PageBody body;  ///< if it fits
};

/// \param values  with a dictionary, its indices
arrow::Result<MiniBlockPageBody> EncodeMiniBlockPage(const PageLevels& levels,
                                                     const GatheredValues& values,
                                                     const EncodingOptions& options,
                                                     arrow::MemoryPool* pool);

}  // namespace lancea
