// FieldReader of file version 2.0: every field has a column, structs and lists included.
//
//   struct   a header column without buffers; children follow. Null structs cannot be stored.
//   list     a column of end offsets; the child's column counts items, and its pages end where they like
//   other    one column: primitives, strings, fixed-size lists, packed structs, dictionaries, blobs
#pragma once

#include <memory>
#include <string>

#include "lancea/encoding/column_info.h"
#include "lancea/encoding/field_reader.h"
#include "lancea/schema.h"

namespace lancea::v2_0 {

/// Type URL of the encoding messages of 2.0 pages.
inline constexpr char kArrayEncodingUrl[] = "/lance.encodings.ArrayEncoding";

/// \param field    a top-level field, children possibly pruned
/// \param decoded  its Arrow form as read (blobs: their descriptions)
/// \param columns  of the file; outlives the reader. Columns the file lacks read as null.
arrow::Result<std::unique_ptr<FieldReader>> MakeFieldReader(const Field& field,
                                                            std::shared_ptr<arrow::Field> decoded,
                                                            const ColumnSource& columns);

/// A readable tree of a page's encodings.
arrow::Result<std::string> DescribeArrayEncoding(const PageInfo& page);

}  // namespace lancea::v2_0
