// Pages of one leaf column of 2.0: rows are gathered until they fill a page.
#pragma once

#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/v2_0/array_write.h"
#include "lancea/encoding/v2_0/node_write.h"

namespace lancea::v2_0 {

/// A leaf column as it is written.
struct LeafColumn {
  std::string name;  ///< of the field, for messages
  std::shared_ptr<arrow::DataType> type;
  EncodingOptions options;
};

/// \return InvalidInput naming the column when 2.0 has no encoding for its type as one column
arrow::Status CheckLeafType(const LeafColumn& leaf);

/// The rows as pages; several only for dictionaries that cannot be made one. `first_row` is left 0.
arrow::Result<std::vector<EncodedPage>> EncodeLeaf(const LeafColumn& leaf, ArrayParts parts,
                                                   arrow::MemoryPool* pool);

/// \param column  of the field, from 0
std::unique_ptr<NodeWriter> MakeLeafWriter(LeafColumn leaf, int column, const PageLimits& limits,
                                           arrow::MemoryPool* pool);

}  // namespace lancea::v2_0
