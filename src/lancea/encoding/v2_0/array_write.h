// Values of one 2.0 page on their way to disk; the mirror of array_read.h.
//
// An encoder takes the page's rows as parts (slices of Arrow arrays, one behind the other), adds the
// buffers it makes to the page and returns the tree that names them. Buffers are numbered in the order in
// which a walk of the tree meets them: validity before values, offsets before bytes, indices before items.
// Whatever stands behind a null is written as zeros, or as nothing when the width varies.
#pragma once

#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/proto/encodings_v2_0.pb.h"

namespace lancea::v2_0 {

using ArrayEncoding = lance::encodings::ArrayEncoding;

/// Rows of a page: arrays of one type, in order.
using ArrayParts = std::vector<std::shared_ptr<arrow::ArrayData>>;

/// The buffers of a page in the making.
class PageBuffers {
 public:
  /// \return how encodings refer to the buffer
  lance::encodings::Buffer Add(std::shared_ptr<arrow::Buffer> bytes);
  std::vector<std::shared_ptr<arrow::Buffer>> Take() { return std::move(buffers_); }

 private:
  std::vector<std::shared_ptr<arrow::Buffer>> buffers_;
};

int64_t CountRows(const ArrayParts& parts);

/// The parts' children number `child`, cut to what the parts show of them; `items` children per row.
ArrayParts ChildParts(const ArrayParts& parts, int child, int64_t items = 1);

/// One bit per row, 1 = valid; nullptr when no row is null.
arrow::Result<std::shared_ptr<arrow::Buffer>> JoinValidity(const ArrayParts& parts,
                                                           arrow::MemoryPool* pool);

/// The values of a fixed-width type back to back: bits for booleans, else whole bytes. One part without
/// nulls is passed on as it is.
/// \param live  one bit per row, rows without it become zeros; nullptr: all
arrow::Result<std::shared_ptr<arrow::Buffer>> JoinValues(const ArrayParts& parts,
                                                         uint64_t bits_per_value,
                                                         const arrow::Buffer* live,
                                                         arrow::MemoryPool* pool);

ArrayEncoding Flat(uint64_t bits_per_value, const lance::encodings::Buffer& buffer);
ArrayEncoding NoNulls(ArrayEncoding values);
ArrayEncoding SomeNulls(ArrayEncoding validity, ArrayEncoding values);
ArrayEncoding AllNulls();

}  // namespace lancea::v2_0
