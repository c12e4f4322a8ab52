// Columns of a fragment with new values in some of its rows.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/result.h"
#include "arrow/type_fwd.h"
#include "lancea/schema.h"

namespace lancea {

/// Immutable, thread-safe.
class OverlayColumns {
 public:
  /// \param columns  of the table, each as a whole
  static arrow::Result<OverlayColumns> Make(Schema columns, arrow::MemoryPool* pool);

  const Schema& columns() const { return columns_; }
  /// Of what Apply returns: the columns as data files store them, but blobs (version 2) as writers take
  /// them: struct<data: large_binary, uri: utf8, position: uint64, size: uint64>.
  const std::shared_ptr<arrow::Schema>& stored() const { return stored_; }

  /// \param present   rows with the columns first, as scans return them, blobs as writers take them
  /// \param is_given  one for each of them
  /// \param given     the columns of those for which it is true, as writers take them; structs may lack
  ///   fields
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Apply(const arrow::ArrayVector& present,
                                                           const std::vector<bool>& is_given,
                                                           const arrow::ArrayVector& given) const;

 private:
  Schema columns_;
  std::shared_ptr<arrow::Schema> stored_;
  std::vector<std::shared_ptr<arrow::DataType>> written_;
  arrow::MemoryPool* pool_ = nullptr;
};

}  // namespace lancea
