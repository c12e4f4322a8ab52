// Values as indices into the distinct ones among them, where that is the smaller way to store them.
#pragma once

#include <optional>

#include "arrow/result.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/value_block.h"

namespace lancea {

struct DictionaryEncoding {
  ValueBlock items;    ///< distinct values in the order of their first occurrence
  ValueBlock indices;  ///< 32 bits each
};

/// Variable values, fixed ones of 128 bits and, from 2.2 on, of 64 bits. Gives up at a sample of values
/// that hardly repeat, and as soon as the items are too many or too large.
/// \return nothing when the values are better off as they are
arrow::Result<std::optional<DictionaryEncoding>> TryDictionary(const ValueBlock& block,
                                                               const EncodingOptions& options,
                                                               arrow::MemoryPool* pool);

}  // namespace lancea
