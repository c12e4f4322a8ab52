// Which types a file version can store, judged before the first row.
#pragma once

#include "arrow/status.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/structural/field_tree.h"
#include "lancea/schema.h"

namespace lancea {

/// \param tree  of the field
/// \return InvalidInput or Unsupported that says what cannot be stored and since when it could be
arrow::Status CheckWritable(const Field& field, const FieldTree& tree, FileFormat format);

/// True when arrays of type `from` have the memory of arrays of type `to`: names, nullability and
/// metadata of nested fields do not matter, nor whether a type is an extension.
bool SameMemory(const arrow::DataType& from, const arrow::DataType& to);

}  // namespace lancea
