// Rows of a leaf -> encoded pages: levels, values, layout, bytes. A pure function: any thread may run it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/encoding_options.h"
#include "lancea/encoding/field_writer.h"
#include "lancea/encoding/structural/leaf_part.h"

namespace lancea {

/// What all pages of a leaf column share.
struct LeafEncoding {
  EncodingOptions options;
  uint64_t page_rows_per_row = 1;   ///< Page.length counts items of fixed-size lists above the leaf
  std::vector<int64_t> dimensions;  ///< of its layers, see leaf.h
  bool is_blob = false;             ///< values are descriptions (position, size) of a blob page
  std::string path;                 ///< for messages
  arrow::MemoryPool* pool = nullptr;
};

/// \param parts      in order, none empty of rows
/// \param first_row  top-level row number of the first
/// \return usually one page; several when a page cannot hold all rows
arrow::Result<std::vector<EncodedPage>> EncodePages(std::vector<LeafPart> parts,
                                                    const LeafEncoding& leaf, uint64_t first_row);

/// Rows [begin, begin + num_rows) of parts back to back.
std::vector<LeafPart> SliceParts(const std::vector<LeafPart>& parts, int64_t begin,
                                 int64_t num_rows);

}  // namespace lancea
