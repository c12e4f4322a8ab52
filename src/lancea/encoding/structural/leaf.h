// What every page of one leaf column has in common: the leaf's type and the layers above it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"

namespace lancea {

/// A leaf column as the schema sees it.
struct Leaf {
  /// Arrow type of the leaf's values. Blob columns: the descriptor struct.
  std::shared_ptr<arrow::DataType> type;
  /// One per structural layer, leaf -> root: d for a fixed-size list of dimension d that is a layer of
  /// its own (its items are structs, lists or maps), 0 otherwise.
  std::vector<int64_t> dimensions;
  /// How many of its layers, from the leaf outward, are read from this column. Those further out are
  /// shared with a sibling read before it, which gives them for both.
  size_t num_own_layers = 0;
  /// Dotted path, for messages.
  std::string path;
  /// Rows at the leaf's page level for one top-level row: the product of `dimensions`, zeros left out.
  uint64_t page_rows_per_row = 1;
  /// Whether a row is a value or null: nothing above the leaf is read with it, and it is no list.
  bool is_flat() const {
    return dimensions.size() == 1 && num_own_layers == 1 && dimensions[0] == 0;
  }
  /// Bound for allocations sized by what the file says, in bytes of the file.
  uint64_t file_size = 0;
};

}  // namespace lancea
