// Reads of one leaf column of 2.0: page by page to Arrow arrays.
#pragma once

#include <memory>

#include "lancea/encoding/arrays20/column_pages.h"
#include "lancea/encoding/arrays20/node_read.h"

namespace lancea::v2_0 {

/// \param type    Arrow type of the leaf
/// \param ranges  rows of the column
arrow::Result<std::unique_ptr<NodeRead>> MakeLeafRead(const ColumnPages& column,
                                                      std::shared_ptr<arrow::DataType> type,
                                                      std::span<const RowRange> ranges,
                                                      arrow::MemoryPool* pool);

}  // namespace lancea::v2_0
