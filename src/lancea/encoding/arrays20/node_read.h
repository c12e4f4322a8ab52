// A read of some rows of one node of a field: like ReadTask, but composed into a tree.
#pragma once

#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/arrays20/array_read.h"

namespace lancea::v2_0 {

class NodeRead {
 public:
  virtual ~NodeRead() = default;
  /// Append the byte ranges wanted in this step; nothing when ready for Finish.
  virtual void Collect(std::vector<ByteRange>* needs) const = 0;
  /// Take the buffers of this step's ranges. Not called when there are none.
  virtual arrow::Status Supply(SuppliedBuffers* buffers) = 0;
  /// Arrays that are together the rows wanted.
  virtual arrow::Result<arrow::ArrayVector> Finish() = 0;
};

}  // namespace lancea::v2_0
