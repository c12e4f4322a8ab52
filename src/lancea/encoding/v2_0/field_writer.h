// FieldWriter of file version 2.0: every field has a column, structs and lists included; the mirror of
// field_reader.h, which lists them.
#pragma once

#include <memory>

#include "lancea/encoding/field_writer.h"

namespace lancea::v2_0 {

/// Type URL of the encoding messages of columns, of every 2.x version.
inline constexpr char kColumnEncodingUrl[] = "/lance.encodings.ColumnEncoding";

/// \param field        a top-level field with everything nested in it
/// \param arrow_field  ToArrow(field): the type of the rows to come
/// \param defaults     what holds where field metadata says nothing
/// \param out_of_line  where bytes of blobs go; outlives the writer. nullptr when there are none.
/// \param pool         for encoded buffers; outlives the writer and its pages
/// \return InvalidInput naming the column for what 2.0 cannot store: maps, fixed-size lists of structs,
///   packed structs of strings, blob v2
arrow::Result<std::unique_ptr<FieldWriter>> MakeFieldWriter(
    const Field& field, const std::shared_ptr<arrow::Field>& arrow_field,
    const EncodingOptions& defaults, const PageLimits& limits, OutOfLineWriter* out_of_line,
    arrow::MemoryPool* pool);

}  // namespace lancea::v2_0
