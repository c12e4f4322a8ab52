// The keys of an order as bytes that compare as the rows do.
//
//   key     := column key of the first ordering, of the second, …
//   column  := marker u8 (null or not, so that nulls come where wanted), value
//   value   := integers, times, decimals   big-endian, sign bit flipped
//              floats                      big-endian bits; negative ones inverted, else the sign flipped
//              strings, binary             bytes with 00 as 00 FF, then 00 00
//              descending                  all of the value's bytes inverted
//
// So NaN comes after infinity and -0.0 before 0.0, and one comparison of bytes decides about any number
// of keys: the same for sorting in memory, for keeping the first k and for merging runs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/result.h"

namespace lancea {

/// One key: which column, and how.
struct SortKey {
  int column = 0;
  bool ascending = true;
  bool nulls_first = false;
};

/// The keys of some rows, in their order.
class SortKeys {
 public:
  /// \return InvalidInput for columns of types that have no order
  static arrow::Result<SortKeys> Make(const arrow::RecordBatch& rows,
                                      const std::vector<SortKey>& keys, arrow::MemoryPool* pool);

  int64_t num_rows() const { return static_cast<int64_t>(begins_.size()) - 1; }
  std::string_view operator[](int64_t row) const {
    const auto i = static_cast<size_t>(row);
    return {bytes_.data() + begins_[i], begins_[i + 1] - begins_[i]};
  }
  uint64_t memory_bytes() const { return bytes_.capacity() + 8 * begins_.capacity(); }

  /// Rows in order; those of equal keys stay as they are.
  std::vector<uint32_t> Order() const;

 private:
  std::string bytes_;
  std::vector<uint64_t> begins_;
};

/// InvalidInput when columns of this type have no order.
arrow::Status CheckSortable(const arrow::DataType& type, const std::string& column);

}  // namespace lancea
