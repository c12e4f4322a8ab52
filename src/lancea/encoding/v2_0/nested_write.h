// Writers of structs, lists and blobs: nodes that have a column and pass rows on.
//
//   struct   a header column of one page without buffers: struct { }, as long as all rows together
//   list     list { offsets: no_nulls flat 64, null_offset_adjustment, num_items }: where each list ends
//            among the page's items, without the leading 0; a null list ends where the one before it does,
//            plus the adjustment, which is num_items + 1. Items of null lists are not stored. Pages of
//            items never serve two pages of lists.
//   blob     bytes go into the file at once; the column holds packed { u64 position, u64 size }:
//            (0, 0) is empty, (1, 0) is null
#pragma once

#include "lancea/encoding/v2_0/leaf_write.h"
#include "lancea/encoding/v2_0/node_write.h"

namespace lancea::v2_0 {

std::unique_ptr<NodeWriter> MakeStructWriter(std::string name, int column,
                                             std::vector<std::unique_ptr<NodeWriter>> children);

/// \param type  a list or large list
std::unique_ptr<NodeWriter> MakeListWriter(const arrow::DataType& type, int column,
                                           std::unique_ptr<NodeWriter> items,
                                           const PageLimits& limits, arrow::MemoryPool* pool);

/// For rows of binary or large binary.
/// \param out_of_line  outlives the writer
std::unique_ptr<NodeWriter> MakeBlobWriter(std::string name, int column, const PageLimits& limits,
                                           OutOfLineWriter* out_of_line, arrow::MemoryPool* pool);

}  // namespace lancea::v2_0
