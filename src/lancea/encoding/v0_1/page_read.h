// A read of some values of one field in one batch of a legacy file.
//
//   plain       the values back to back, booleans as bits. There is no validity: a null is 0 or false.
//               Fixed-size lists are their items, flattened.
//   var-binary  bytes first; the page's position points at n + 1 i64 absolute positions of them. In a
//               nullable field a value of no bytes is null, so "" was lost when it was written.
//   dictionary  plain indices; the values lie once in the file: at the place that the schema inside the file names
//   list        n + 1 offsets (i32, large lists i64) into the values of the child's page of the same batch
//   struct      no page: the children, never null
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/encoding/v0_1/legacy_file.h"
#include "lancea/io/row_range.h"

namespace lancea::v0_1 {

using Buffers = std::vector<std::shared_ptr<arrow::Buffer>>;
/// Dictionary values by field id.
using Dictionaries = std::map<int32_t, std::shared_ptr<arrow::Array>>;

/// One node of the tree that a field is. Reads in steps, see read_task.h.
class PageRead {
 public:
  virtual ~PageRead() = default;
  /// Append the byte ranges wanted in this step; none when ready for Finish.
  virtual void Collect(std::vector<ByteRange>* needs) const = 0;
  /// Take this step's buffers from `*next` on, and move `*next` behind them.
  virtual arrow::Status Supply(Buffers& buffers, size_t* next) = 0;
  virtual arrow::Result<std::shared_ptr<arrow::Array>> Finish() = 0;
};

/// What all reads of one field share.
struct PageContext {
  const LegacyFile* file;
  const Dictionaries* dictionaries;
  size_t batch;
  arrow::MemoryPool* pool;
};

/// \param page    of the field; (0, 0) for structs
/// \param ranges  values of the page wanted: ascending, disjoint, not empty
/// \return Corrupt for ranges beyond the page, Unsupported for a type that 0.1 cannot store
arrow::Result<std::unique_ptr<PageRead>> MakePageRead(const PageContext& context,
                                                      const Field& field,
                                                      const std::shared_ptr<arrow::DataType>& type,
                                                      std::vector<RowRange> ranges);

}  // namespace lancea::v0_1
