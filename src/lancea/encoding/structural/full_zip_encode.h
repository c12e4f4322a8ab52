// Writes full-zip pages; full_zip.h tells the bytes.
#pragma once

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/structural/encoded_page_body.h"
#include "lancea/encoding/structural/level_builder.h"
#include "lancea/encoding/value_block.h"

namespace lancea {

/// True when values of this shape can stand in a full-zip page: they fill whole bytes.
bool FitsFullZip(const ValueBlock& values);

/// Values without levels and of fixed width stay as they are: no copy is made.
arrow::Result<PageBody> EncodeFullZip(const PageLevels& levels, const ValueBlock& values,
                                      const EncodingOptions& options, arrow::MemoryPool* pool);

}  // namespace lancea
