// FieldReader of file versions 2.1 and up: leaf columns read page by page, then assembled.
#pragma once

#include <memory>

#include "lancea/encoding/field_reader.h"
#include "lancea/encoding/structural/make_page.h"
#include "lancea/schema.h"

namespace lancea {

/// \param field        a top-level field, children possibly pruned
/// \param arrow_field  its Arrow form as read
/// \param columns      of the file; outlives the reader
/// \param make_page    knows the page kinds of the file's version
/// Columns the file lacks read as null.
arrow::Result<std::unique_ptr<FieldReader>> MakeStructuralFieldReader(
    const Field& field, std::shared_ptr<arrow::Field> arrow_field, const ColumnSource& columns,
    PageFactory make_page);

}  // namespace lancea
