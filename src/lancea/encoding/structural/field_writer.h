// Writes one top-level field of a file of version 2.1 and up: a column for every leaf.
//
// Rows are shredded into parts that refer to the caller's buffers, gathered per leaf, and cut into pages
// at row boundaries. Everything else (levels, copies, encodings) happens in the closures that are
// handed out; only blobs are written at once, for their bytes go out of line in the order of rows.
#pragma once

#include <memory>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/field_writer.h"
#include "lancea/schema.h"

namespace lancea {

/// \param field        a top-level field with the ids of its columns; metadata choose encodings
/// \param arrow_field  type of the rows to come; blobs v1 as large_binary, v2 as their descriptions
/// \param defaults     for what the metadata do not name; `format` is the file's
/// \param out_of_line  where blobs go; outlives this; nullptr if there are none
/// \param pool         outlives the pages
/// \return InvalidInput or Unsupported for a type that the version cannot store
arrow::Result<std::unique_ptr<FieldWriter>> MakeFieldWriter(
    const Field& field, const std::shared_ptr<arrow::Field>& arrow_field,
    const EncodingOptions& defaults, const PageLimits& limits, OutOfLineWriter* out_of_line,
    arrow::MemoryPool* pool);

}  // namespace lancea
