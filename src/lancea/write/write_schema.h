// What a write's rows must look like: storage versions, the schema of a new table, and whether rows fit
// an existing one.
//
// Rows fit a table when every column of theirs is one of the table's with the same type, at every depth
// and in any order; columns of the table that they lack must be nullable, and read as null. Whether a
// required column may be fed from a nullable one is decided by the values.
#pragma once

#include <string>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/schema.h"

namespace lancea {

/// \param selector  "2.0" (or "0.3"), "2.1", "2.2", "2.3", "stable", "next", as pylance 14 has them
/// \return InvalidInput listing the versions; Unsupported for the legacy format, which is read only
arrow::Result<FileFormat> ParseStorageVersion(const std::string& selector);

/// "2.0" ... "2.3".
const char* StorageVersionText(FileFormat format);

/// The schema of a table made from rows of this schema: fields numbered from 0 in depth-first order.
/// \return InvalidInput for names of system columns and types the format cannot store
arrow::Result<Schema> SchemaOfNewTable(const arrow::Schema& rows);

/// The part of the table's schema that rows of this schema bring, in the table's order.
/// \return InvalidInput naming every difference
arrow::Result<Schema> SchemaOfAppendedRows(const Schema& table, const arrow::Schema& rows);

/// The schema as data files carry it: blob v2 columns are descriptors.
Schema SchemaInDataFiles(const Schema& schema);

}  // namespace lancea
