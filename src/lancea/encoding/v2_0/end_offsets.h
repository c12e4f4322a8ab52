// End offsets with nulls folded in, as 2.0 stores those of strings and lists.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lancea/encoding/v2_0/array_read.h"

namespace lancea::v2_0 {

/// Reads the offsets of value ranges and works out starts, ends and nulls.
class EndOffsets {
 public:
  /// \param adjustment  added to the end of a null; 0: there are no nulls
  static arrow::Result<EndOffsets> Make(const ArrayEncoding& encoding,
                                        std::span<const RowRange> ranges, uint64_t adjustment,
                                        const ArrayContext& context);

  void Collect(std::vector<ByteRange>* needs) const { read_->Collect(needs); }
  arrow::Status Supply(SuppliedBuffers* buffers) { return read_->Supply(buffers); }

  /// Decode once everything is supplied.
  /// \param limit  no end may be larger
  arrow::Status Finish(uint64_t limit);

  /// Per range: the items [start, end) of all its values together.
  const std::vector<RowRange>& item_ranges() const { return item_ranges_; }
  /// One per value of all ranges: how many items, and whether it is null.
  const std::vector<uint64_t>& lengths() const { return lengths_; }
  const std::vector<uint8_t>& valid() const { return valid_; }

 private:
  std::unique_ptr<ArrayRead> read_;
  std::vector<RowRange> ranges_;
  uint64_t adjustment_ = 0;
  arrow::MemoryPool* pool_ = nullptr;
  std::vector<RowRange> item_ranges_;
  std::vector<uint64_t> lengths_;
  std::vector<uint8_t> valid_;
};

}  // namespace lancea::v2_0
