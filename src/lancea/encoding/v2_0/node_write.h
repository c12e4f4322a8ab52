// Writing one node of a field: a leaf with its column, or a struct or list with a column of its own and
// children.
#pragma once

#include <memory>
#include <vector>

#include "arrow/status.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/field_writer.h"
#include "lancea/encoding/v2_0/array_write.h"

namespace lancea::v2_0 {

class NodeWriter {
 public:
  virtual ~NodeWriter() = default;
  /// Take rows of this node: items when it lies below a list.
  /// \param first_row  top-level row of the first
  /// \param out        gets the pages that became full
  virtual arrow::Status Append(const std::shared_ptr<arrow::ArrayData>& rows, uint64_t first_row,
                               std::vector<PendingPage>* out) = 0;
  /// What is gathered becomes pages: the next rows begin new ones in every column below.
  virtual void Flush(std::vector<PendingPage>* out) = 0;
  /// Flush for the last time, with the pages that every column must have.
  virtual void Finish(std::vector<PendingPage>* out) = 0;
  /// Bytes of gathered rows.
  virtual uint64_t buffered_bytes() const = 0;
};

/// The encoding as pages carry it.
EncodingBlob ToBlob(const ArrayEncoding& encoding);

}  // namespace lancea::v2_0
