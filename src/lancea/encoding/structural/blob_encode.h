// Writes blobs (field metadata lance-encoding:blob): the bytes out of line, their descriptions as a
// blob page; blob.h tells the bytes.
#pragma once

#include <optional>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/field_writer.h"
#include "lancea/encoding/structural/encoded_page_body.h"
#include "lancea/encoding/structural/leaf_part.h"
#include "lancea/encoding/structural/level_builder.h"

namespace lancea {

/// Write the bytes of each valid blob of a part and put descriptions in place of its values. Empty blobs
/// take no bytes.
/// \param part  of large_binary
arrow::Result<LeafPart> WriteBlobs(LeafPart part, OutOfLineWriter* out, arrow::MemoryPool* pool);

/// \param parts  as WriteBlobs left them
arrow::Result<std::optional<PageBody>> EncodeBlobPage(const std::vector<LeafPart>& parts,
                                                      const PageLevels& levels,
                                                      const EncodingOptions& options,
                                                      arrow::MemoryPool* pool);

}  // namespace lancea
