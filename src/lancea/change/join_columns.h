// The columns that a table and the rows given for it are joined on.
#pragma once

#include <string>

#include "arrow/status.h"
#include "arrow/type.h"
#include "lancea/dataset.h"
#include "lancea/schema/projection.h"
#include "lancea/util/errors.h"

namespace lancea {

/// What messages call the two sides.
struct JoinSides {
  const char* left;
  const char* right;
  const char* in_both;
};

inline bool IsRowNumber(const std::string& column) {
  return column == "_rowid" || column == "_rowaddr";
}

/// InvalidInput when a side lacks its column.
inline arrow::Status CheckJoinColumns(const Dataset& dataset, const arrow::Schema& right,
                                      const std::string& left_on, const std::string& right_on,
                                      const JoinSides& sides) {
  if (!IsRowNumber(left_on) && !ResolvePath(dataset.lance_schema(), left_on).ok()) {
    return InvalidInput("Column ", left_on, " does not exist in ", sides.left);
  }
  if (right.GetFieldIndex(right_on) < 0) {
    return InvalidInput("Column ", right_on, " does not exist in ", sides.right);
  }
  return arrow::Status::OK();
}

}  // namespace lancea
