// Strings and binaries as lists of bytes: how pylance before 0.15 stored them in 2.0 files.
//
//   column i      the field's own: list pages, ends of the values within the page's bytes
//   column i + 1  of no field: the bytes, 8 bits each, without nulls
// Read as a list column, the values' Arrow buffers are the list's with the items' bytes behind them.
// Source: bytes of pylance 0.13.0.
#pragma once

#include <memory>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/v2_0/column_pages.h"
#include "lancea/encoding/v2_0/node_read.h"

namespace lancea::v2_0 {

/// True for a string or binary column whose pages are lists.
bool HoldsListedBytes(const ColumnPages& column, const arrow::DataType& type);

/// The field as the list of bytes that it is stored as.
/// \param field  a string or binary, large or not
std::shared_ptr<arrow::Field> AsListOfBytes(const arrow::Field& field);

/// \param lists  reads arrays of AsListOfBytes's type
/// \param type   the field's
std::unique_ptr<NodeRead> MakeListedBytesRead(std::unique_ptr<NodeRead> lists,
                                              std::shared_ptr<arrow::DataType> type);

}  // namespace lancea::v2_0
