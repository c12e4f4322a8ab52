// Writes constant pages: every row null, every list empty, or every value the same; constant.h tells
// the bytes.
#pragma once

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/structural/encoded_page_body.h"
#include "lancea/encoding/structural/level_builder.h"
#include "lancea/encoding/value_block.h"

namespace lancea {

/// A page whose leaf is a value nowhere. Nulls that are all the leaf's own need no levels.
arrow::Result<PageBody> EncodeAllNull(const PageLevels& levels, const EncodingOptions& options,
                                      arrow::MemoryPool* pool);

/// A page of one value, from 2.2 on.
/// \param value  index of a valid value: what all valid ones are
arrow::Result<PageBody> EncodeConstant(const PageLevels& levels, const ValueBlock& values,
                                       int64_t value, arrow::MemoryPool* pool);

/// True when a page of one value of this shape can be told in the format.
bool FitsConstant(const ValueBlock& values, const PageLevels& levels,
                  const EncodingOptions& options);

}  // namespace lancea
