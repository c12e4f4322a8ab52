// The pages of one 2.0 column with their encodings parsed.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "arrow/result.h"
#include "lancea/encoding/column_info.h"
#include "lancea/encoding/arrays20/array_read.h"

namespace lancea::v2_0 {

/// Immutable, thread-safe.
class ColumnPages {
 public:
  static arrow::Result<ColumnPages> Make(std::shared_ptr<const ColumnInfo> info);

  const ColumnInfo& info() const { return *info_; }
  const ArrayEncoding& encoding(size_t page) const { return encodings_[page]; }
  size_t num_pages() const { return encodings_.size(); }
  uint64_t num_rows() const { return info_->num_rows; }

  /// Call `visit(page, page-relative ranges)` for every page that `ranges` touch, in order.
  arrow::Status ForEachPage(
      std::span<const RowRange> ranges,
      const std::function<arrow::Status(size_t, const std::vector<RowRange>&)>& visit) const;

 private:
  std::shared_ptr<const ColumnInfo> info_;
  std::vector<ArrayEncoding> encodings_;
};

}  // namespace lancea::v2_0
